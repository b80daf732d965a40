package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.List;

/** Fields that hold annotated models are followed. */
final class UnreachableRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        for (Member.Plain field : subject.spec().plainFields()) {
            if (field.holds() == null || field.field().has(Trait.STATIC)) {
                continue;
            }
            ClassSpec held = subject.graph().get(field.holds());
            boolean hasModules =
                    subject.graph().alternatives(held).stream()
                            .anyMatch(one -> one.visited() != null);
            if (hasModules) {
                found.add(
                        Diagnostic.of(
                                Message.UNREACHABLE,
                                field.field().site(),
                                field.field().name(),
                                held.id().display()));
            }
        }
        return found;
    }
}
