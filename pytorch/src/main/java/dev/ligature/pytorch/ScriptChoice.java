package dev.ligature.pytorch;

import java.util.Optional;
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
    /** The system property that chooses. */
    static final String PROPERTY = "ligature.operators";

    private static final String ONEDNN = "onednn";
    private static final String MATMUL = "matmul";

    private static final String PLAIN = "plain";

    /** What part of the time of the engine's product oneDNN's must stay below to be used. */
    private static final double WORTH = 0.9;

    /** Loads a script by the name of its product. */
    @FunctionalInterface
    interface Loader {
        Script load(String product);
    }

    /**
     * Chooses.
     *
     * @param choice {@code auto}, {@code onednn}, {@code matmul} or {@code plain}
     */
    static ScriptChoice of(String choice, Loader loader) {
        return switch (choice) {
            case "auto" -> fastest(loader);
            case ONEDNN, MATMUL -> checked(choice, loader);
            case PLAIN ->
                    new ScriptChoice(
                            null, false, Level.DEBUG, OperatorMessage.PLAIN.text(PROPERTY));
            default -> throw OperatorMessage.CHOICE.error(PROPERTY, "\"" + choice + "\"");
        };
    }

    /** Returns the choice that gives the same operators. */
    String choice() {
        return script == null ? PLAIN : isFasterProduct ? ONEDNN : MATMUL;
    }

    private static ScriptChoice fastest(Loader loader) {
        ScriptChoice choice = checked(ONEDNN, loader);
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
            Script script = loader.load(product);
            Optional<SelfCheck.Fault> fault = SelfCheck.faultOf(script);
            if (fault.isEmpty()) {
                boolean faster = product.equals(ONEDNN);
                return new ScriptChoice(script, faster, Level.DEBUG, product);
            }
            script.close();
            SelfCheck.Fault found = fault.get();
            return refused(
                    OperatorMessage.WRONG,
                    found.operator(),
                    product,
                    found.difference(),
                    found.shape());
        } catch (RuntimeException e) { // of the engine
            return refused(OperatorMessage.REFUSED, product, firstLine(e));
        }
    }

    private static ScriptChoice refused(OperatorMessage message, Object... values) {
        String reason = "[" + message.code() + "] " + message.text(values);
        return new ScriptChoice(null, false, Level.WARN, reason);
    }

    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}
