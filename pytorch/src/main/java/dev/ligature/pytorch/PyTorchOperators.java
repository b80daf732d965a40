package dev.ligature.pytorch;

import ai.djl.ndarray.NDManager;
import dev.ligature.ops.EngineOperators;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import dev.ligature.ops.WeightPacking;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fused operators of DJL's PyTorch engine, if they pass a check of themselves in this process;
 * else DJL's own. For the processor; other devices compute as DJL does.
 *
 * <p>The system property {@code ligature.operators} chooses: {@code auto}, by default, uses each of
 * them where it is measured to be faster; {@code plain} uses none. Names with commas between them
 * use those, after the check: {@code onednn} for products and training steps with that product,
 * {@code matmul} for training steps with the engine's own, {@code attention} for that of new tokens
 * of several texts, {@code row}, {@code rows} and {@code rows-onednn} for products of one row and a
 * few, {@code layers} for all layers of a decoder at once, where a few texts get a token each.
 */
public final class PyTorchOperators implements EngineOperators {
    private static final Logger LOGGER = LoggerFactory.getLogger(PyTorchOperators.class);

    private final @Nullable Script script;
    private final String choice;
    private final Operators serving;

    /** For {@link java.util.ServiceLoader}. */
    public PyTorchOperators() {
        this(System.getProperty(OperatorNames.PROPERTY, OperatorNames.AUTO));
    }

    PyTorchOperators(String choice) {
        this(choice, Script::load);
    }

    PyTorchOperators(String choice, ScriptChoice.Loader loader) {
        OperatorNames names = OperatorNames.of(choice);
        ScriptChoice products = ScriptChoice.of(names.product(), loader);
        LOGGER.atLevel(products.level()).log(products.reason());
        Decoding decoding = Decoding.of(names, loader);
        LOGGER.atLevel(decoding.level()).log(decoding.reason());
        script = products.script();
        Set<String> used = new TreeSet<>(products.names());
        used.addAll(decoding.used());
        this.choice = OperatorNames.value(used);
        serving =
                decoding.script() == null && !products.isFasterProduct()
                        ? OperatorLookup.plain(false)
                        : new ServingOperators(
                                products.isFasterProduct() ? script : null, decoding);
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
    public @Nullable WeightPacking packing() {
        return ScriptPacking.shared();
    }

    @Override
    public @Nullable GradientTape record(NDManager manager) {
        return script == null || manager.getDevice().isGpu() ? null : new Tape(script, manager);
    }
}
