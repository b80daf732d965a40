package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The gradients of a set of parameters, held until they are closed. */
public final class Gradients implements AutoCloseable {
    private final NDManager scope;
    private final List<Parameter> parameters;
    private final List<NDArray> gradients;

    private Gradients(NDManager scope, List<Parameter> parameters, List<NDArray> gradients) {
        this.scope = scope;
        this.parameters = parameters;
        this.gradients = gradients;
    }

    /** Returns the trainable parameters of a block, each once however often the block shows it. */
    public static List<Parameter> trainable(Block block) {
        Map<String, Parameter> trainable = new LinkedHashMap<>();
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.requiresGradient()) {
                trainable.putIfAbsent(parameter.getId(), parameter);
            }
        }
        return new ArrayList<>(trainable.values());
    }

    /** Takes the gradients of parameters; those of one that no backward pass reached are zero. */
    public static Gradients of(Collection<Parameter> parameters, NDManager manager) {
        NDManager scope = manager.newSubManager();
        List<NDArray> gradients = new ArrayList<>(parameters.size());
        for (Parameter parameter : parameters) {
            NDArray gradient = parameter.getArray().getGradient(); // of the parameter's shape
            gradient.attach(scope); // each call makes a handle that its taker has to close
            gradients.add(gradient);
        }
        return new Gradients(scope, List.copyOf(parameters), gradients);
    }

    /** Returns the square root of the sum of all squares; waits for the device once. */
    public double norm() {
        if (gradients.isEmpty()) {
            return 0;
        }
        DataType type = gradients.get(0).getDataType();
        NDList norms = new NDList(gradients.size());
        for (NDArray gradient : gradients) {
            norms.add(gradient.norm().toType(type, false)); // ()
        }
        NDArray total = NDArrays.stack(norms).norm(); // (n) -> ()
        return read(total);
    }

    /** Returns the gradients, in the order of the parameters; they stay this object's. */
    public NDList arrays() {
        return new NDList(gradients);
    }

    /** Multiplies every gradient in place. */
    public void scale(double factor) {
        NDArray scalar = scope.full(new Shape(), (float) factor, DataType.FLOAT32);
        for (NDArray gradient : gradients) {
            gradient.muli(scalar);
        }
    }

    /** Steps every parameter once; the optimizers leave zero gradients. */
    public void step(Optimizer optimizer) {
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            optimizer.update(parameter.getId(), parameter.getArray(), gradients.get(i));
        }
    }

    /** Sets the gradients of parameters to zero, also where they are not finite. */
    public static void drop(Collection<Parameter> parameters, NDManager manager) {
        try (Gradients dropped = of(parameters, manager)) {
            NDArray zero = dropped.scope.full(new Shape(1), 0, DataType.FLOAT32);
            NDIndex all = new NDIndex(":");
            for (NDArray gradient : dropped.gradients) {
                gradient.reshape(-1).set(all, zero); // a view: writes through
            }
        }
    }

    /** Returns the name of a parameter with a value that is not finite, if there is one. */
    public static Optional<String> notFinite(Block block, NDManager manager) {
        for (Parameter parameter : block.getParameters().values()) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray values = parameter.getArray().stopGradient();
                values.attach(scope);
                if (!Double.isFinite(read(values.abs().max()))) {
                    return Optional.of(parameter.getName());
                }
            }
        }
        return Optional.empty();
    }

    /** Returns the number of a scalar array; waits for the device. */
    public static double read(NDArray scalar) {
        return scalar.toType(DataType.FLOAT64, false).getDouble();
    }

    @Override
    public void close() {
        scope.close();
    }
}
