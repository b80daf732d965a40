package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.model.Field;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.List;

/** Generated code can read the annotated fields, and assign those of targets. */
final class FieldRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        for (Member member : subject.spec().members()) {
            if (member instanceof Member.Target target) {
                addReach(subject, "LoraTarget", target.field(), found);
                addTarget(subject, target, found);
            } else if (member instanceof Member.Child child) {
                addReach(subject, "LoraChild", child.field(), found);
                if (child.alsoTarget()) {
                    found.add(
                            Diagnostic.of(
                                    Message.FIELD_BOTH,
                                    child.field().site(),
                                    child.field().name()));
                }
            }
        }
        return found;
    }

    private static void addReach(
            Subject subject, String annotation, Field field, List<Diagnostic> found) {
        if (field.has(Trait.PRIVATE)) {
            found.add(
                    Diagnostic.of(
                            Message.FIELD_PRIVATE,
                            field.site(),
                            annotation,
                            field.name(),
                            subject.injector()));
        }
        if (field.has(Trait.STATIC)) {
            found.add(Diagnostic.of(Message.FIELD_STATIC, field.site(), annotation, field.name()));
        }
    }

    private static void addTarget(Subject subject, Member.Target target, List<Diagnostic> found) {
        Field field = target.field();
        boolean isRepeated = target.container() != null && target.container().isRepeated();
        if (field.has(Trait.FINAL) && !isRepeated) {
            found.add(
                    Diagnostic.of(
                            Message.FIELD_FINAL, field.site(), field.name(), subject.injector()));
        }
        if (target.container() == null) {
            found.add(
                    Diagnostic.of(Message.TARGET_TYPE, field.site(), field.name(), target.type()));
        }
    }
}
