package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.Origin;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The classes of children are known, annotated, processed, and in reach. */
final class ChildRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        for (Member.Child child : subject.spec().children()) {
            if (child.type() instanceof ChildType.Unsupported unsupported) {
                found.add(unsupported(child, unsupported));
            } else if (child.type() instanceof ChildType.Of of && !child.alsoTarget()) {
                addProblems(subject, child, subject.graph().get(of.type()), found);
            }
        }
        return found;
    }

    private static Diagnostic unsupported(Member.Child child, ChildType.Unsupported type) {
        Message message =
                switch (type.problem()) {
                    case RAW -> Message.CHILD_RAW;
                    case KEY -> Message.CHILD_KEY;
                    case NOT_A_CLASS -> Message.CHILD_TYPE;
                };
        return Diagnostic.of(message, child.field().site(), child.field().name(), type.text());
    }

    private static void addProblems(
            Subject subject, Member.Child child, ClassSpec declared, List<Diagnostic> found) {
        String field = child.field().name();
        Site site = child.field().site();
        List<ModelGraph.Alternative> alternatives = subject.graph().alternatives(declared);
        boolean isOpen =
                alternatives.stream().anyMatch(one -> one.type().traits().has(Trait.ABSTRACT));
        if (!isOpen && alternatives.stream().allMatch(one -> one.visited() == null)) {
            found.add(
                    Diagnostic.of(
                            Message.CHILD_EMPTY,
                            child.annotation(),
                            field,
                            declared.id().display()));
            return;
        }
        Optional<String> circle = new CircleSearch(subject.graph()).from(subject.spec(), child);
        if (circle.isPresent()) {
            found.add(Diagnostic.of(Message.CHILD_RECURSIVE, site, field, circle.get()));
            return;
        }
        for (ModelGraph.Alternative one : alternatives) {
            if (one.type().traits().has(Trait.ABSTRACT)) {
                String open = one.type().id().display();
                found.add(Diagnostic.of(Message.CHILD_ABSTRACT, site, field, open));
            } else {
                addUnreachable(subject, child, one, found);
            }
        }
    }

    private static void addUnreachable(
            Subject subject,
            Member.Child child,
            ModelGraph.Alternative one,
            List<Diagnostic> found) {
        String field = child.field().name();
        Site site = child.field().site();
        ClassSpec visited = one.visited();
        if (visited != null && visited.origin().kind() == Origin.Kind.UNPROCESSED) {
            found.add(
                    Diagnostic.of(
                            Message.CHILD_NOT_PROCESSED,
                            site,
                            field,
                            visited.id().display(),
                            visited.id().injector().display()));
            return;
        }
        if (visited != null && !visited.origin().isContractKnown()) {
            found.add(SuperclassRule.contract(visited, site));
            return;
        }
        ClassSpec outOfReach =
                !subject.canName(one.type())
                        ? one.type()
                        : visited != null && !subject.canName(visited) ? visited : null;
        if (outOfReach != null && !isReported(outOfReach)) {
            boolean isNear =
                    outOfReach.id().packageName().equals(subject.spec().id().packageName());
            found.add(
                    Diagnostic.of(
                            Message.CHILD_INACCESSIBLE,
                            site,
                            field,
                            outOfReach.id().display(),
                            subject.injector(),
                            isNear ? "package-private" : "public"));
            return;
        }
        Stream.concat(Stream.of(one.type()), Stream.ofNullable(visited))
                .filter(needed -> !subject.obstacle(needed).isEmpty())
                .findFirst()
                .map(needed -> SuperclassRule.hidden(subject, needed, site))
                .ifPresent(found::add);
    }

    /** Returns whether the class is an error of its own, in this same compilation. */
    private static boolean isReported(ClassSpec spec) {
        return spec.traits().has(Trait.PRIVATE) && spec.isAnnotated();
    }
}
