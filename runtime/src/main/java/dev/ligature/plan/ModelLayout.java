package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import java.util.List;

/**
 * The modules of a model as far as a plan needs them.
 *
 * <p>Modules that read one weight have one {@link Module#weight() weight name}; that is how ties
 * are seen, so a layout needs no list of them.
 *
 * @param modules the modules, in the order the model shows them, each under one name
 */
public record ModelLayout(List<Module> modules) {
    /** Copies the list. */
    public ModelLayout {
        modules = List.copyOf(modules);
    }

    /**
     * A module.
     *
     * @param name its first name, which files use
     * @param aliases the other names of the same block
     * @param role what it is to the model
     * @param kind how it reads its weight
     * @param type the simple name of the block's class, for messages
     * @param weight the name of the weight: that of the module that owns it; two modules with one
     *     weight are tied. Empty where the module has no single weight
     * @param shape the weight's shape, (out, in) of a linear, (V, d) of an embedding and (out, in /
     *     groups, window…) of a convolution; a scalar shape where there is no weight
     * @param dataType the weight's data type; {@link DataType#UNKNOWN} where there is no weight
     * @param groups the groups of a convolution; 1 for all else
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
            int groups) {
        /** Copies the list. */
        public Module {
            aliases = List.copyOf(aliases);
        }

        /** Describes a module that is no grouped convolution. */
        public Module(
                String name,
                List<String> aliases,
                Role role,
                ModuleKind kind,
                String type,
                String weight,
                Shape shape,
                DataType dataType) {
            this(name, aliases, role, kind, type, weight, shape, dataType, 1);
        }
    }
}
