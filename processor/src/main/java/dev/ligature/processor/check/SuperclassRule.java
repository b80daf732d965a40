package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Origin;
import dev.ligature.processor.model.Trait;
import java.util.List;

/** The generated class of an annotated superclass is there, in reach, and of a known contract. */
final class SuperclassRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        if (subject.spec().superclass() == null) {
            return List.of();
        }
        ClassSpec superclass = subject.graph().get(subject.spec().superclass());
        Site site = subject.spec().site();
        String name = superclass.id().display();
        String injector = superclass.id().injector().display();
        if (superclass.origin().kind() == Origin.Kind.UNPROCESSED) {
            return List.of(Diagnostic.of(Message.SUPERCLASS_NOT_PROCESSED, site, name, injector));
        }
        if (!superclass.origin().isContractKnown()) {
            return List.of(contract(superclass, site));
        }
        if (!subject.canName(superclass) && !superclass.traits().has(Trait.PRIVATE)) {
            String from = subject.spec().id().packageName();
            return List.of(
                    Diagnostic.of(
                            Message.SUPERCLASS_INACCESSIBLE,
                            site,
                            name,
                            subject.injector(),
                            from.isEmpty() ? "(unnamed)" : from));
        }
        return subject.obstacle(superclass).isEmpty()
                ? List.of()
                : List.of(hidden(subject, superclass, site));
    }

    /** Returns the error for a class in a package that the model's module does not see. */
    static Diagnostic hidden(Subject subject, ClassSpec other, Site site) {
        return Diagnostic.of(
                Message.CLASS_HIDDEN,
                site,
                subject.injector(),
                other.id().qualifiedName(),
                subject.obstacle(other));
    }

    /** Returns the error for a generated class of another contract. */
    static Diagnostic contract(ClassSpec generatedFor, Site site) {
        return Diagnostic.of(
                Message.CONTRACT,
                site,
                generatedFor.id().injector().display(),
                generatedFor.origin().contract(),
                Origin.CONTRACT,
                generatedFor.id().display());
    }
}
