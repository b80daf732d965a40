package dev.ligature.pytorch;

import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * Which script computes in this process, and why.
 *
 * @param script the operators; null if DJL's arrays compute
 * @param isFasterProduct whether its product is faster than DJL's
 * @param level how important the reason is
 * @param reason what to tell a reader of the log
 */
record ScriptChoice(@Nullable Script script, boolean isFasterProduct, Level level, String reason) {
    /** What part of the time of the engine's product oneDNN's must stay below to be used. */
    private static final double WORTH = 0.9;

    /** Loads a script by its name and that of its product. */
    @FunctionalInterface
    interface Loader {
        Script load(String name, String product);
    }

    /**
     * Chooses.
     *
     * @param choice {@code auto}, {@code onednn}, {@code matmul} or {@code plain}
     */
    static ScriptChoice of(String choice, Loader loader) {
        return switch (choice) {
            case OperatorNames.AUTO -> fastest(loader);
            case OperatorNames.ONEDNN, OperatorNames.MATMUL -> checked(choice, loader);
            case OperatorNames.PLAIN ->
                    new ScriptChoice(
                            null,
                            false,
                            Level.DEBUG,
                            OperatorMessage.PLAIN.text(OperatorNames.PROPERTY));
            default -> throw new IllegalArgumentException(choice);
        };
    }

    /** Returns the names that give the same operators. */
    Set<String> names() {
        return script == null
                ? Set.of()
                : Set.of(isFasterProduct ? OperatorNames.ONEDNN : OperatorNames.MATMUL);
    }

    private static ScriptChoice fastest(Loader loader) {
        ScriptChoice choice = checked(OperatorNames.ONEDNN, loader);
        Script script = choice.script();
        if (script == null) {
            return choice;
        }
        double time = SelfCheck.productTime(script);
        if (time < WORTH) {
            return new ScriptChoice(script, true, Level.INFO, OperatorMessage.ONEDNN.text(time));
        }
        script.close();
        return new ScriptChoice(null, false, Level.INFO, OperatorMessage.SLOWER.text(time));
    }

    /** Loads a script and checks it. */
    private static ScriptChoice checked(String product, Loader loader) {
        try {
            Script script = loader.load(Script.MANY, product);
            Optional<Fault> fault = SelfCheck.faultOf(script);
            if (fault.isEmpty()) {
                boolean faster = product.equals(OperatorNames.ONEDNN);
                return new ScriptChoice(script, faster, Level.DEBUG, product);
            }
            script.close();
            return none(fault.get().message(product));
        } catch (RuntimeException e) { // of the engine
            return none(refusal(product, e));
        }
    }

    private static ScriptChoice none(String reason) {
        return new ScriptChoice(null, false, Level.WARN, reason);
    }

    /** Returns what to tell a reader of the log of a script that the engine does not take. */
    static String refusal(String script, RuntimeException failure) {
        OperatorMessage message = OperatorMessage.REFUSED;
        return "[" + message.code() + "] " + message.text(script, firstLine(failure));
    }

    /** Returns what an error of the engine says in short. */
    static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage())
                .lines()
                .filter(line -> !line.isBlank())
                .findFirst()
                .orElse("");
    }
}
