package dev.ligature.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.tensors.FiniteCheck;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.internal.tensors.WeightReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts the tensors of a checkpoint into a model.
 *
 * <p>Many DJL blocks learn the shapes of their parameters only when they are initialised. So the
 * model is first initialised with placeholders; what it then expects is compared with the file; and
 * only when everything fits are the arrays put in their place.
 */
public final class ModelLoad {
    private final Path directory;
    private final ShardedTensors file;
    private final List<NamedParameter> parameters;
    private final TensorMatch match;
    private final LoadOptions options;
    private @Nullable WeightPacker packer;

    public ModelLoad(
            Path directory,
            ShardedTensors file,
            FileNames names,
            List<NamedParameter> parameters,
            LoadOptions options)
            throws IOException {
        this.directory = directory;
        this.file = file;
        this.parameters = parameters;
        this.match = TensorMatch.of(directory, file, names, parameters, options);
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

    /** Returns which tensor each parameter gets. */
    public TensorMatch match() {
        return match;
    }

    /**
     * Initialises the model with the tensors; if anything is wrong, leaves it as it was.
     *
     * @param model the model
     * @param weights makes the arrays; the caller closes it
     * @param manager the owner of the arrays
     * @param inputShapes the shapes that the model is initialised with
     */
    public void load(Block model, WeightReader weights, NDManager manager, Shape... inputShapes)
            throws IOException {
        IdentityHashMap<Parameter, Before> before = new IdentityHashMap<>();
        for (NamedParameter named : parameters) {
            if (named.parameter().isInitialized()) {
                throw CheckpointMessage.ALREADY_INITIALIZED.error(
                        named.name(), model.getClass().getSimpleName());
            }
            before.put(named.parameter(), Before.of(named.parameter()));
        }
        boolean loaded = false;
        Map<NamedParameter, NDArray> arrays = new LinkedHashMap<>();
        try {
            options.weights().ifPresent(p -> packer = WeightPacker.of(p, manager));
            probe(model, manager, inputShapes);
            Set<NamedParameter> fresh = checkShapes(model);
            readWeights(fresh, weights, manager, arrays);
            loaded = true;
        } finally {
            before.forEach((parameter, state) -> state.restore(parameter));
            if (!loaded) {
                weights.close(); // whose threads may fill them still
                arrays.values().forEach(NDArray::close);
            }
        }
        for (NamedParameter named : parameters) {
            NDArray array = arrays.get(named);
            if (array == null) {
                named.parameter().freeze(!options.isTrainable());
                named.parameter().initialize(manager, mainType());
            } else {
                put(named.parameter(), array, manager);
            }
        }
    }

    /** Initialises the model with arrays of one element, which makes its blocks set the shapes. */
    private void probe(Block model, NDManager manager, Shape... inputShapes) {
        try (NDManager placeholders = manager.newSubManager()) {
            for (NamedParameter named : parameters) {
                named.parameter().freeze(true);
                named.parameter()
                        .setInitializer(
                                (ignored, shape, type) -> placeholders.create(new Shape(1), type));
            }
            model.initialize(manager, mainType(), inputShapes);
        }
    }

    /** Checks the shapes, and returns the parameters that start fresh because theirs differs. */
    private Set<NamedParameter> checkShapes(Block model) throws CheckpointException {
        List<String> wrong = new ArrayList<>();
        Set<NamedParameter> fresh = new HashSet<>();
        for (NamedParameter named : parameters) {
            Parameter parameter = named.parameter();
            if (!parameter.isInitialized()) {
                throw CheckpointMessage.NOT_A_CHILD.error(
                        named.name(), model.getClass().getSimpleName());
            }
            TensorInfo tensor = match.tensors().get(named);
            Shape expected = parameter.getShape();
            if (tensor == null || expected.equals(tensor.shape())) {
                continue;
            }
            if (named.names().stream().anyMatch(options::mayBeMissing)) {
                fresh.add(named);
            } else {
                wrong.add(tensor.name() + " is " + tensor.shape() + " instead of " + expected);
            }
        }
        if (!wrong.isEmpty()) {
            throw CheckpointMessage.SHAPE.fileError(directory, NameList.list(wrong));
        }
        return fresh;
    }

    /** Reads the tensors of all parameters but those that start fresh, into a map. */
    private void readWeights(
            Set<NamedParameter> fresh,
            WeightReader weights,
            NDManager manager,
            Map<NamedParameter, NDArray> arrays)
            throws IOException {
        for (Map.Entry<NamedParameter, TensorInfo> entry : match.tensors().entrySet()) {
            NamedParameter named = entry.getKey();
            if (fresh.contains(named)) {
                continue;
            }
            TensorInfo tensor = entry.getValue();
            NDArray array =
                    weights.begin(file.reader(tensor.name()), tensor, options.isMapped(), manager);
            arrays.put(named, array); // which is closed with the others if anything fails
            DataType type = options.dataType().orElse(array.getDataType());
            boolean packs = packer != null && packer.takes(named);
            if (packs || array.getDataType() != type) {
                weights.finish();
                NDArray as = converted(array, type, tensor);
                arrays.put(named, as);
                if (packs) {
                    arrays.put(named, Objects.requireNonNull(packer).packed(as, manager));
                }
            }
        }
        weights.finish();
    }

    /** Returns an array in another data type, and frees the first; or itself if it has that. */
    private NDArray converted(NDArray array, DataType type, TensorInfo tensor) throws IOException {
        if (array.getDataType() == type) {
            return array;
        }
        Path origin = file.reader(tensor.name()).file();
        try (array) {
            return new FiniteCheck(origin, tensor.name()).convert(array, type);
        }
    }

    private void put(Parameter parameter, NDArray array, NDManager manager) {
        Initializer initializer = parameter.getInitializer();
        parameter.freeze(!options.isTrainable());
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
