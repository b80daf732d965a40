package dev.ligature.processor.check;

import dev.ligature.internal.hint.Nearest;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Switch;
import dev.ligature.processor.model.Text;
import dev.ligature.processor.model.Tie;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The {@code when} of a tie names a boolean that generated code can read. */
final class WhenRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        for (Tie tie : subject.spec().ties()) {
            if (!tie.when().isEmpty() && usable(subject.spec(), tie.when().value()).isEmpty()) {
                found.add(problem(subject, tie.when()));
            }
        }
        return found;
    }

    /** Returns the member that a {@code when} means: of a field and a method the field. */
    static Optional<Switch> usable(ClassSpec spec, String name) {
        return spec.switches().stream()
                .filter(one -> one.name().equals(name) && one.isUsable())
                .findFirst();
    }

    private static Diagnostic problem(Subject subject, Text when) {
        ClassSpec spec = subject.spec();
        List<Switch> named =
                spec.switches().stream().filter(one -> one.name().equals(when.value())).toList();
        if (named.isEmpty()) {
            List<String> usable =
                    spec.switches().stream().filter(Switch::isUsable).map(Switch::name).toList();
            return Diagnostic.of(
                    Message.WHEN_UNKNOWN,
                    when.site(),
                    spec.id().display(),
                    when.value(),
                    Nearest.hintOrAll(when.value(), usable));
        }
        Optional<Switch> blocked = named.stream().filter(Switch::isBoolean).findFirst();
        return blocked.map(
                        one ->
                                Diagnostic.of(
                                        Message.WHEN_ACCESS,
                                        when.site(),
                                        when.value(),
                                        one.obstacle(),
                                        subject.injector(),
                                        spec.id().packageName()))
                .orElse(
                        Diagnostic.of(
                                Message.WHEN_TYPE, when.site(), when.value(), spec.id().display()));
    }
}
