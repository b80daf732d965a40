package dev.ligature.internal.model;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.block.BlockParameters;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that a model's parameters have in a checkpoint: the module's name, and {@code .weight}
 * or {@code .bias} by the parameter's type.
 */
public final class ModelTensors implements ModuleVisitor {
    private final IdentityHashMap<Parameter, NamedParameter> byParameter = new IdentityHashMap<>();
    private final Map<String, NamedParameter> byName = new LinkedHashMap<>();
    private final List<NamedParameter> inOrder = new ArrayList<>();

    private ModelTensors() {}

    /** A parameter and its names in a checkpoint. */
    public static final class NamedParameter {
        private final Parameter parameter;
        private final List<String> owned = new ArrayList<>();
        private @Nullable Block owner;
        private final Map<String, Block> readers = new LinkedHashMap<>();

        private NamedParameter(Parameter parameter) {
            this.parameter = parameter;
        }

        /** Returns the parameter. */
        public Parameter parameter() {
            return parameter;
        }

        /** Returns its name: that of the module that owns it, if one does. */
        public String name() {
            return names().get(0);
        }

        /** Returns all names that mean it, those of tied modules last. */
        public List<String> names() {
            List<String> names = new ArrayList<>(owned);
            names.addAll(readers.keySet());
            return names;
        }

        /** Returns the block that owns it; null if that is no module. */
        @Nullable Block owner() {
            return owner;
        }

        /**
         * Returns the blocks that read it and do not own it, by the names that they have for it.
         */
        Map<String, Block> readers() {
            return readers;
        }
    }

    /**
     * Names the parameters of a model.
     *
     * @throws LoraException if a parameter has no name, or two have the same
     */
    public static <M extends Block> List<NamedParameter> of(M model, ModelWalk<? super M> visit) {
        ModelTensors tensors = new ModelTensors();
        ModuleWalker.walk(model, visit, tensors);
        for (Pair<String, Parameter> entry : model.getParameters()) {
            if (!tensors.byParameter.containsKey(entry.getValue())) {
                throw CheckpointMessage.PARAMETER_UNCOVERED.error(
                        entry.getKey(), model.getClass().getSimpleName());
            }
        }
        return List.copyOf(tensors.inOrder);
    }

    @Override
    public Block module(String path, Role role, Block block) {
        for (Parameter parameter : block.getDirectParameters().values()) {
            String name = path + "." + suffix(path, block, parameter);
            NamedParameter owned = named(name, parameter);
            owned.owned.add(name);
            owned.owner = block;
        }
        BlockParameters.sharedWeightOf(block)
                .ifPresent(
                        weight -> {
                            String name = path + ".weight";
                            named(name, weight).readers.put(name, block);
                        });
        return block;
    }

    private NamedParameter named(String name, Parameter parameter) {
        NamedParameter named = byParameter.get(parameter);
        if (named == null) {
            named = new NamedParameter(parameter);
            byParameter.put(parameter, named);
            inOrder.add(named);
        }
        NamedParameter other = byName.put(name, named);
        if (other != null) {
            throw CheckpointMessage.PARAMETER_NAMES.error(
                    other.parameter().getName(), parameter.getName(), name);
        }
        return named;
    }

    private static String suffix(String path, Block block, Parameter parameter) {
        return BlockParameters.fileName(block, parameter)
                .orElseThrow(
                        () ->
                                CheckpointMessage.PARAMETER_TYPE.error(
                                        parameter.getName(), path, parameter.getType()));
    }
}
