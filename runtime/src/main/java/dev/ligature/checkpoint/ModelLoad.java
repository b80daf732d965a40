package dev.ligature.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import dev.ligature.checkpoint.ModelTensors.NamedParameter;
import dev.ligature.diag.LoraException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts the tensors of a checkpoint into a model.
 *
 * <p>Many DJL blocks learn the shapes of their parameters only when they are initialised. So the
 * model is first initialised with placeholders; what it then expects is compared with the file; and
 * only when everything fits are the arrays put in their place.
 */
final class ModelLoad {
    private final Path directory;
    private final ShardedTensors file;
    private final TensorMatch match;
    private final LoadOptions options;

    ModelLoad(Path directory, ShardedTensors file, TensorMatch match, LoadOptions options) {
        this.directory = directory;
        this.file = file;
        this.match = match;
        this.options = options;
    }

    /** What a parameter was like before. */
    private record Before(Initializer initializer, boolean trainable) {
        static Before of(Parameter parameter) {
            return new Before(parameter.getInitializer(), parameter.requiresGradient());
        }

        void restore(Parameter parameter) {
            parameter.close();
            parameter.setInitializer(initializer);
            parameter.freeze(!trainable);
        }
    }

    void load(Block model, NDManager manager, Shape... inputShapes) throws IOException {
        IdentityHashMap<Parameter, Before> before = new IdentityHashMap<>();
        for (NamedParameter named : match.tensors().keySet()) {
            if (named.parameter().isInitialized()) {
                throw new LoraException(
                        "LoraAlreadyInitialized",
                        "Parameter "
                                + named.name()
                                + " of "
                                + model.getClass().getSimpleName()
                                + " has a value already. Load a checkpoint into a new model.");
            }
            before.put(named.parameter(), Before.of(named.parameter()));
        }
        boolean loaded = false;
        List<NDArray> arrays = new ArrayList<>();
        try {
            probe(model, manager, inputShapes);
            checkShapes(model);
            for (TensorInfo tensor : match.tensors().values()) {
                arrays.add(array(tensor, manager));
            }
            loaded = true;
        } finally {
            before.forEach((parameter, state) -> state.restore(parameter));
            if (!loaded) {
                arrays.forEach(NDArray::close);
            }
        }
        int next = 0;
        for (NamedParameter named : match.tensors().keySet()) {
            put(named.parameter(), arrays.get(next++), manager);
        }
    }

    /** Initialises the model with arrays of one element, which makes its blocks set the shapes. */
    private void probe(Block model, NDManager manager, Shape... inputShapes) {
        try (NDManager placeholders = manager.newSubManager()) {
            for (NamedParameter named : match.tensors().keySet()) {
                named.parameter().freeze(true);
                named.parameter()
                        .setInitializer(
                                (ignored, shape, type) -> placeholders.create(new Shape(1), type));
            }
            model.initialize(manager, mainType(), inputShapes);
        }
    }

    private void checkShapes(Block model) throws CheckpointException {
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<NamedParameter, TensorInfo> entry : match.tensors().entrySet()) {
            Parameter parameter = entry.getKey().parameter();
            if (!parameter.isInitialized()) {
                throw new LoraException(
                        "LoraNotAChild",
                        "Parameter "
                                + entry.getKey().name()
                                + " was not initialised with "
                                + model.getClass().getSimpleName()
                                + ": the block that owns it is not a child of the model. Add it"
                                + " with addChildBlock.");
            }
            Shape expected = parameter.getShape();
            Shape actual = entry.getValue().shape();
            if (!expected.equals(actual)) {
                wrong.add(entry.getValue().name() + " is " + actual + " instead of " + expected);
            }
        }
        if (!wrong.isEmpty()) {
            throw new CheckpointException(
                    "TensorShape",
                    directory
                            + " does not fit the model: "
                            + Names.list(wrong)
                            + ". Check that the model's config is that of the checkpoint.");
        }
    }

    private NDArray array(TensorInfo tensor, NDManager manager) throws IOException {
        SafetensorsReader reader = file.reader(tensor.name());
        DataType type = options.dataType().orElse(null);
        if (type == null || tensor.dtype().arrayType().orElseThrow() == type) {
            return options.mapped()
                    ? reader.map(tensor.name(), manager)
                    : reader.read(tensor.name(), manager);
        }
        try (NDArray stored = reader.read(tensor.name(), manager)) {
            return stored.toType(type, true);
        }
    }

    private void put(Parameter parameter, NDArray array, NDManager manager) {
        Initializer initializer = parameter.getInitializer();
        parameter.freeze(!options.trainable());
        parameter.setInitializer((ignored, shape, type) -> array);
        parameter.initialize(manager, array.getDataType());
        // Else the array would live as long as the parameter, closed or not.
        parameter.setInitializer(initializer);
    }

    /** Returns the data type of most elements of the file, as loaded. */
    private DataType mainType() {
        Map<DataType, Long> counts = new EnumMap<>(DataType.class);
        for (TensorInfo tensor : match.tensors().values()) {
            counts.merge(tensor.dtype().arrayType().orElseThrow(), tensor.size(), Long::sum);
        }
        DataType most =
                counts.entrySet().stream()
                        .max(Map.Entry.comparingByValue())
                        .map(Map.Entry::getKey)
                        .orElse(DataType.FLOAT32);
        return options.dataType().orElse(most);
    }
}
