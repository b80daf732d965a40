package dev.ligature.pytorch;

import ai.djl.ndarray.NDManager;
import dev.ligature.ops.EngineOperators;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fused operators of DJL's PyTorch engine, if they pass a check of themselves in this process;
 * else DJL's own. For the processor; other devices compute as DJL does.
 *
 * <p>The system property {@code ligature.operators} chooses: {@code auto}, by default, uses them
 * where oneDNN's product is measured to be faster; {@code onednn} and {@code matmul} use that
 * product, after the check; {@code plain} uses none of the operators.
 */
public final class PyTorchOperators implements EngineOperators {
    private static final Logger LOGGER = LoggerFactory.getLogger(PyTorchOperators.class);

    private final @Nullable Script script;
    private final String choice;
    private final Operators serving;

    /** For {@link java.util.ServiceLoader}. */
    public PyTorchOperators() {
        this(System.getProperty(ScriptChoice.PROPERTY, "auto"));
    }

    PyTorchOperators(String choice) {
        this(choice, Script::load);
    }

    PyTorchOperators(String choice, ScriptChoice.Loader loader) {
        ScriptChoice chosen = ScriptChoice.of(choice, loader);
        LOGGER.atLevel(chosen.level()).log(chosen.reason());
        script = chosen.script();
        this.choice = chosen.choice();
        serving =
                script == null || !chosen.isFasterProduct()
                        ? OperatorLookup.plain(false)
                        : new ServingOperators(script);
    }

    @Override
    public String engineName() {
        return Script.ENGINE;
    }

    @Override
    public String choice() {
        return choice;
    }

    @Override
    public Operators serving() {
        return serving;
    }

    @Override
    public @Nullable GradientTape record(NDManager manager) {
        return script == null || manager.getDevice().isGpu() ? null : new Tape(script, manager);
    }
}
