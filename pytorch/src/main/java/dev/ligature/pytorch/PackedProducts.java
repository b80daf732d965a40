package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.WeightPrecision;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which method of a packing multiplies, for few tokens and for many: the fastest of those that
 * compute right on this processor.
 *
 * @param few by precision, for {@link ScriptPacking#FEW} tokens and fewer
 * @param many by precision, for more
 */
record PackedProducts(Map<WeightPrecision, String> few, Map<WeightPrecision, String> many) {
    private static final Logger LOGGER = LoggerFactory.getLogger(PackedProducts.class);

    /** Tokens, inputs and outputs at which methods are compared. */
    private static final int[][] SHAPES = {{3, 80, 17}, {33, 48, 96}, {1, 640, 1280}};

    /** The same for methods that take any number of inputs. */
    private static final int[][] ODD_SHAPES = {{3, 65, 17}, {33, 31, 96}, {1, 640, 1280}};

    private static final int[] FEW_TIMED = {1, 640, 1280};
    private static final int[] MANY_TIMED = {64, 640, 1280};

    /** Reads whole numbers as they lie. */
    private static final String FEW_INT8 = "linear_few_int8";

    /** The engine reads so many inputs at once, and with a rest of them beyond the array. */
    private static final long INPUTS_AT_ONCE = 16;

    /** What rounding to bfloat16 may make of a sum, over the largest sum. */
    private static final double TOLERANCE = 2e-2;

    private static final int ROUNDS = 5;

    /** Loads the packing of this process; null if the engine does not take the script. */
    static @Nullable ScriptPacking load() {
        Script script = null;
        try {
            script = script();
            PackedProducts products = measured(script);
            LOGGER.info(
                    OperatorMessage.PACKING.text(products.few.values(), products.many.values()));
            return new ScriptPacking(script, products);
        } catch (RuntimeException e) { // of the engine
            LOGGER.warn(OperatorMessage.PACKING_REFUSED.text(ScriptChoice.firstLine(e)));
            if (script != null) {
                script.close();
            }
            return null;
        }
    }

    /** Loads the script, with oneDNN's products if the engine has them. */
    static Script script() {
        String text = Script.text("packing");
        try {
            return Script.of("Packing", text + Script.text("packing-onednn"));
        } catch (RuntimeException e) { // of the engine
            return Script.of("Packing", text);
        }
    }

    /**
     * Returns the method for a product.
     *
     * @param in the inputs of the weight
     * @param isFew whether there are few tokens
     */
    String method(WeightPrecision precision, long in, boolean isFew) {
        String method = isFew ? few.get(precision) : many.get(precision);
        boolean takesAll = !FEW_INT8.equals(method) || in % INPUTS_AT_ONCE == 0;
        return takesAll && method != null ? method : wide(precision);
    }

    private static String wide(WeightPrecision precision) {
        return "linear_wide_" + ScriptPacking.suffix(precision);
    }

    static List<String> methods(WeightPrecision precision) {
        List<String> methods = new ArrayList<>();
        methods.add(wide(precision));
        methods.add("linear_" + ScriptPacking.suffix(precision));
        methods.add("linear_onednn_" + ScriptPacking.suffix(precision));
        if (precision == WeightPrecision.INT8) {
            methods.add(FEW_INT8);
        }
        return methods;
    }

    /** Compares and times the methods of a script. */
    static PackedProducts measured(Script script) {
        Map<WeightPrecision, String> few = new EnumMap<>(WeightPrecision.class);
        Map<WeightPrecision, String> many = new EnumMap<>(WeightPrecision.class);
        for (WeightPrecision precision : WeightPrecision.values()) {
            List<String> right = new ArrayList<>(methods(precision));
            right.removeIf(
                    method ->
                            !method.equals(wide(precision)) && !isRight(script, method, precision));
            few.put(precision, fastest(script, right, precision, FEW_TIMED));
            many.put(precision, fastest(script, right, precision, MANY_TIMED));
        }
        return new PackedProducts(few, many);
    }

    /** A product to try. */
    private record Trial(NDArray x, NDArray data, @Nullable NDArray scales) {
        static Trial of(Script script, WeightPrecision precision, int[] shape, NDManager manager) {
            NDArray w = SelfCheck.values(manager, shape[2], shape[1]);
            NDList packed = script.call("pack_" + ScriptPacking.suffix(precision), w);
            return new Trial(
                    SelfCheck.values(manager, shape[0], shape[1]),
                    packed.head(),
                    packed.size() > 1 ? packed.get(1) : null);
        }

        NDArray by(Script script, String method) {
            return ScriptPacking.call(script, method, x, data, scales);
        }
    }

    private static boolean isRight(Script script, String method, WeightPrecision precision) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            for (int[] shape : method.equals(FEW_INT8) ? SHAPES : ODD_SHAPES) {
                Trial trial = Trial.of(script, precision, shape, manager);
                NDArray expected = trial.by(script, wide(precision));
                NDArray found = trial.by(script, method);
                double largest = expected.abs().max().getFloat();
                double difference = found.sub(expected).abs().max().getFloat() / largest;
                if (!(difference <= TOLERANCE)) { // nor if it is NaN
                    LOGGER.warn(
                            OperatorMessage.WRONG.text(
                                    method, "bfloat16", difference, expected.getShape()));
                    return false;
                }
            }
            return true;
        } catch (RuntimeException e) { // of the engine
            LOGGER.warn(OperatorMessage.PACKING_REFUSED.text(ScriptChoice.firstLine(e)));
            return false;
        }
    }

    private static String fastest(
            Script script, List<String> methods, WeightPrecision precision, int[] shape) {
        String fastest = methods.get(0);
        long least = Long.MAX_VALUE;
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            Trial trial = Trial.of(script, precision, shape, manager);
            for (String method : methods) {
                long time = Long.MAX_VALUE;
                for (int i = 0; i < ROUNDS; i++) {
                    time = Math.min(time, SelfCheck.time(() -> trial.by(script, method)));
                }
                if (time < least) {
                    least = time;
                    fastest = method;
                }
            }
        }
        return fastest;
    }
}
