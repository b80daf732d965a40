package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * The modules of a model as far as a plan needs them.
 *
 * <p>Modules that read one weight have one {@link Module#weight() weight name}; that is how ties
 * are seen, so a layout needs no list of them.
 *
 * @param modules the modules, in the order the model shows them, each under one name
 * @param otherBiases the model's names of the biases that belong to none of the modules
 */
public record ModelLayout(List<Module> modules, List<String> otherBiases) {
    /** Copies the lists. */
    public ModelLayout {
        modules = List.copyOf(modules);
        otherBiases = List.copyOf(otherBiases);
    }

    /** Returns the layout of a model whose biases all belong to its modules. */
    public ModelLayout(List<Module> modules) {
        this(modules, List.of());
    }

    /**
     * A module.
     *
     * @param name its first name, which files use
     * @param aliases the other names of the same block
     * @param role its role in the model
     * @param kind how it reads its weight
     * @param type the simple name of the block's class, for messages
     * @param weight the name of the weight: that of the module that owns it; two modules with one
     *     weight are tied. Empty where the module has no single weight
     * @param shape the weight's shape, (out, in) of a linear, (V, d) of an embedding, however it is
     *     stored, and (out, in / groups, window…) of a convolution; a scalar shape where there is
     *     no weight
     * @param dataType the weight's data type; {@link DataType#UNKNOWN} where there is no weight
     * @param groups the groups of a convolution; 1 for all else
     * @param transposed whether the weight is stored transposed, a linear's as (in, out)
     * @param parameters all that the block reads, the weight among them
     */
    public record Module(
            String name,
            List<String> aliases,
            Role role,
            ModuleKind kind,
            String type,
            String weight,
            Shape shape,
            DataType dataType,
            int groups,
            boolean transposed,
            List<Parameter> parameters) {
        /** Copies the lists. */
        public Module {
            aliases = List.copyOf(aliases);
            parameters = List.copyOf(parameters);
        }

        /** Returns all names: the one that files use, then the aliases. */
        public List<String> names() {
            List<String> names = new ArrayList<>();
            names.add(name);
            names.addAll(aliases);
            return names;
        }

        /** Returns the data type of factors, copies and rows for the weight. */
        public DataType trainedType() {
            return ModelLayout.trainedType(dataType);
        }
    }

    /**
     * A parameter that a module reads.
     *
     * @param name its name below the module's in files, {@code weight} or {@code bias}; in a
     *     composite with the child before it, {@code 0.weight}. Empty if files have no name for it
     * @param id the same for all modules that read it: the name of its owner and its own name
     * @param shape its shape as it is stored
     * @param dataType its data type
     * @param bias whether it is a bias
     */
    public record Parameter(String name, String id, Shape shape, DataType dataType, boolean bias) {
        /** The name of the weight of a module that has one. */
        public static final String WEIGHT = "weight";

        /** The name of the bias of a module that has one. */
        public static final String BIAS = "bias";

        /** Returns the data type of factors and copies for the parameter. */
        public DataType trainedType() {
            return ModelLayout.trainedType(dataType);
        }
    }

    /** Returns float64 on a float64 base, and float32 on any other. */
    private static DataType trainedType(DataType base) {
        return base == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
    }

    /** Returns all names of all modules. */
    public List<String> names() {
        return modules.stream().flatMap(module -> module.names().stream()).toList();
    }
}
