package dev.ligature.training;

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

/** The gradients of a set of parameters, held until they are closed. */
final class Gradients implements AutoCloseable {
    private final NDManager scope;
    private final List<Parameter> parameters;
    private final List<NDArray> gradients;

    private Gradients(NDManager scope, List<Parameter> parameters, List<NDArray> gradients) {
        this.scope = scope;
        this.parameters = parameters;
        this.gradients = gradients;
    }

    /** Returns the trainable parameters of a block, each once however often the block shows it. */
    static List<Parameter> trainable(Block block) {
        Map<String, Parameter> trainable = new LinkedHashMap<>();
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.requiresGradient()) {
                trainable.putIfAbsent(parameter.getId(), parameter);
            }
        }
        return new ArrayList<>(trainable.values());
    }

    /** Takes the gradients of parameters; those of one that no backward pass reached are zero. */
    static Gradients of(Collection<Parameter> parameters, NDManager manager) {
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
    double norm() {
        if (gradients.isEmpty()) {
            return 0;
        }
        DataType type = gradients.get(0).getDataType();
        NDList norms = new NDList(gradients.size());
        for (NDArray gradient : gradients) {
            norms.add(gradient.norm().toType(type, false)); // ()
        }
        NDArray total = NDArrays.stack(norms).norm(); // (n) -> ()
        return total.toType(DataType.FLOAT64, false).getDouble();
    }

    /** Multiplies every gradient in place. */
    void scale(double factor) {
        NDArray scalar = scope.full(new Shape(), (float) factor, DataType.FLOAT32);
        for (NDArray gradient : gradients) {
            gradient.muli(scalar);
        }
    }

    /** Steps every parameter once; the optimizers leave zero gradients. */
    void step(Optimizer optimizer) {
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            optimizer.update(parameter.getId(), parameter.getArray(), gradients.get(i));
        }
    }

    /** Sets every gradient to zero, also where it is not finite. */
    void drop() {
        NDArray zero = scope.full(new Shape(1), 0, DataType.FLOAT32);
        NDIndex all = new NDIndex(":");
        for (NDArray gradient : gradients) {
            gradient.reshape(-1).set(all, zero); // a view: writes through
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}
