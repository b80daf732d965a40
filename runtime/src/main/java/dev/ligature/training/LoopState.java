package dev.ligature.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What a loop has to remember to go on: its trainable parameters, what the optimizer remembers of
 * each, and the number of steps, as named arrays.
 */
final class LoopState {
    private static final String STEPS = "steps";
    private static final String PARAMETER = "parameter.";
    private static final String OWN_STEPS = "steps.";
    private static final String MEAN = "mean.";
    private static final String VARIANCE = "variance.";
    private static final String MOMENTUM = "momentum.";

    private final Block block;
    private final Optimizer optimizer;

    LoopState(Block block, Optimizer optimizer) {
        this.block = block;
        this.optimizer = optimizer;
    }

    /**
     * Returns the parameters to train, by the names that the block has for them, each once. They
     * must have arrays on the device.
     */
    static Map<String, Parameter> trainable(Block block, Device device) {
        Map<String, Parameter> trainable = trainable(block);
        if (trainable.isEmpty()) {
            throw TrainingMessage.NOTHING.error(block.getParameters().size());
        }
        for (Parameter parameter : trainable.values()) {
            if (!parameter.isInitialized()) {
                throw TrainingMessage.NOT_INITIALIZED.error(parameter.getName());
            }
            Device actual = parameter.getArray().getDevice();
            if (!actual.equals(device)) {
                throw TrainingMessage.DEVICE.error(parameter.getName(), actual, device);
            }
        }
        return trainable;
    }

    private static Map<String, Parameter> trainable(Block block) {
        Map<String, String> names = new TreeMap<>(); // of ids
        Map<String, Parameter> trainable = new LinkedHashMap<>();
        for (Pair<String, Parameter> named : block.getParameters()) {
            Parameter parameter = named.getValue();
            if (parameter.requiresGradient()
                    && names.putIfAbsent(parameter.getId(), named.getKey()) == null) {
                trainable.put(named.getKey(), parameter);
            }
        }
        return trainable;
    }

    /** Returns the arrays, those of the parameters and the optimizer as views. */
    Map<String, NDArray> arrays(long steps, NDManager scope) {
        Map<String, NDArray> arrays = new TreeMap<>();
        arrays.put(STEPS, scope.create(new long[] {steps}));
        trainable(block)
                .forEach(
                        (name, parameter) -> {
                            arrays.put(PARAMETER + name, view(parameter.getArray(), scope));
                            ofOptimizer(name, parameter.getId(), arrays, scope);
                        });
        return arrays;
    }

    private void ofOptimizer(String name, String id, Map<String, NDArray> arrays, NDManager scope) {
        if (optimizer instanceof AdamW adamw) {
            adamw.state(id)
                    .ifPresent(
                            state -> {
                                long[] steps = {state.steps()};
                                arrays.put(OWN_STEPS + name, scope.create(steps));
                                arrays.put(MEAN + name, view(state.mean(), scope));
                                arrays.put(VARIANCE + name, view(state.variance(), scope));
                            });
        } else if (optimizer instanceof Sgd sgd) {
            sgd.momentumBuffer(id)
                    .ifPresent(buffer -> arrays.put(MOMENTUM + name, view(buffer, scope)));
        }
    }

    /** Refuses values that are not of these parameters. */
    static void requireSame(Map<String, NDArray> values, Map<String, Parameter> parameters) {
        parameters.forEach(
                (name, parameter) -> require(values, name, parameter.getArray().getShape()));
        for (String name : values.keySet()) {
            if (!parameters.containsKey(name)) {
                throw TrainingMessage.STATE.error(name, "no such parameter is trained here");
            }
        }
    }

    /** Copies values into a parameter. */
    static void write(NDArray value, Parameter parameter, NDManager scope) {
        NDArray own = view(parameter.getArray(), scope);
        own.reshape(-1).set(new NDIndex(":"), value.reshape(-1));
    }

    /** Says that a block's parameters have changed. */
    static void announce(Block block) {
        block.freezeParameters(false, Parameter::requiresGradient);
    }

    static NDArray view(NDArray array, NDManager scope) {
        NDArray view = array.stopGradient(); // the same storage, without a graph
        view.attach(scope);
        return view;
    }

    /** Takes the arrays' values, and returns the number of steps. */
    long restore(Map<String, NDArray> arrays, NDManager manager) {
        Map<String, Parameter> trainable = trainable(block);
        check(arrays, trainable);
        try (NDManager scope = manager.newSubManager()) {
            trainable.forEach(
                    (name, parameter) -> {
                        NDArray value = Objects.requireNonNull(arrays.get(PARAMETER + name));
                        write(value, parameter, scope);
                        restore(name, parameter.getId(), arrays);
                    });
        }
        announce(block);
        return number(Objects.requireNonNull(arrays.get(STEPS)));
    }

    private void restore(String name, String id, Map<String, NDArray> arrays) {
        if (optimizer instanceof AdamW adamw) {
            NDArray steps = arrays.get(OWN_STEPS + name);
            adamw.restore(
                    id,
                    steps == null
                            ? null
                            : new AdamW.State(
                                    Math.toIntExact(number(steps)),
                                    Objects.requireNonNull(arrays.get(MEAN + name)),
                                    Objects.requireNonNull(arrays.get(VARIANCE + name))));
        } else if (optimizer instanceof Sgd sgd) {
            sgd.restore(id, arrays.get(MOMENTUM + name));
        }
    }

    /** Refuses arrays that are not of this block and this optimizer. */
    private void check(Map<String, NDArray> arrays, Map<String, Parameter> trainable) {
        require(arrays, STEPS, new Shape(1));
        trainable.forEach(
                (name, parameter) -> {
                    Shape shape = parameter.getArray().getShape();
                    require(arrays, PARAMETER + name, shape);
                    boolean stepped = arrays.containsKey(OWN_STEPS + name);
                    if (optimizer instanceof AdamW && stepped) {
                        require(arrays, MEAN + name, shape);
                        require(arrays, VARIANCE + name, shape);
                    }
                    if (optimizer instanceof Sgd && arrays.containsKey(MOMENTUM + name)) {
                        require(arrays, MOMENTUM + name, shape);
                    }
                });
        for (String array : arrays.keySet()) {
            int name = array.indexOf('.') + 1;
            boolean ofParameter =
                    isKept(array.substring(0, name))
                            && trainable.containsKey(array.substring(name));
            boolean known = ofParameter || array.equals(STEPS);
            if (!known) {
                throw TrainingMessage.STATE.error(array, "no such array is known here");
            }
        }
    }

    private boolean isKept(String kind) {
        return switch (kind) {
            case PARAMETER -> true;
            case OWN_STEPS, MEAN, VARIANCE -> optimizer instanceof AdamW;
            case MOMENTUM -> optimizer instanceof Sgd;
            default -> false;
        };
    }

    private static void require(Map<String, NDArray> arrays, String name, Shape shape) {
        NDArray array = arrays.get(name);
        if (array == null) {
            throw TrainingMessage.STATE.error(name, "it is missing");
        }
        if (!array.getShape().equals(shape)) {
            throw TrainingMessage.STATE.error(
                    name, "it has the shape " + array.getShape() + ", not " + shape);
        }
    }

    private static long number(NDArray array) {
        return array.toLongArray()[0];
    }
}
