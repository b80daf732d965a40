package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.List;

/** Generated code can reach the class, assign its fields, and wrap it. */
final class ClassRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        ClassSpec spec = subject.spec();
        String name = spec.id().display();
        List<Diagnostic> found = new ArrayList<>();
        if (!spec.traits().isPlainClass()) {
            String kind = spec.traits().kind();
            String article = "aeiou".indexOf(kind.charAt(0)) >= 0 ? "an " : "a ";
            return List.of(Diagnostic.of(Message.CLASS_KIND, spec.site(), name, article + kind));
        }
        if (spec.traits().has(Trait.PRIVATE)) {
            found.add(Diagnostic.of(Message.CLASS_PRIVATE, spec.site(), name, subject.injector()));
        }
        if (spec.traits().has(Trait.INNER)) {
            found.add(Diagnostic.of(Message.CLASS_INNER, spec.site(), name));
        }
        if (!spec.traits().has(Trait.BLOCK)) {
            found.add(Diagnostic.of(Message.CLASS_NOT_BLOCK, spec.site(), name));
        }
        return found;
    }
}
