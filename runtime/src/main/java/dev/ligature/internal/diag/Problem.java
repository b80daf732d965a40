package dev.ligature.internal.diag;

import dev.ligature.LoraException;
import dev.ligature.plan.PlanWarning;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A message with its values, collected so that all problems of a configuration are in one error.
 *
 * @param <M> the catalogue that the message is from
 */
public record Problem<M extends Message>(M message, String text) {
    /** Returns a problem. */
    public static <M extends Message> Problem<M> of(M message, Object... values) {
        return new Problem<>(message, message.text(values));
    }

    /**
     * Returns an error that reports one or more problems, each on a line of its own that starts
     * with its code. The error has the code of the first.
     */
    public static LoraException error(List<? extends Problem<?>> problems) {
        Problem<?> first = problems.get(0);
        String others =
                problems.stream().skip(1).map(other -> "\n" + other).collect(Collectors.joining());
        return new LoraException(first.message().code(), first.text() + others);
    }

    /** Returns the problem as a warning. */
    public PlanWarning warning() {
        return new PlanWarning(message.code(), text);
    }

    @Override
    public String toString() {
        return "[" + message.code() + "] " + text;
    }
}
