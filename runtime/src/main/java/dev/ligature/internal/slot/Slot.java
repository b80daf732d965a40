package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.Linear;
import dev.ligature.annotation.Role;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.BlockParameters;
import dev.ligature.block.TiedLinear;
import dev.ligature.ops.PackedArray;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A block of the model that adapters may touch: one per block object, whatever the number of its
 * names.
 */
public final class Slot {
    private final int index;
    private final Role role;
    private final Block base;
    private final ModuleKind kind;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;
    private final boolean transposed;
    private final boolean linear;
    private final boolean packed;
    private final List<SlotParameter> parameters;
    private final List<String> names = new ArrayList<>();
    private final Set<Parameter> asked = ConcurrentHashMap.newKeySet(); // equal if the same
    private volatile boolean reached;

    Slot(int index, String name, Role role, Block base) {
        this.index = index;
        this.role = role;
        this.base = base;
        this.kind = kindOf(base);
        this.weight = BlockParameters.weightOf(base).orElse(null);
        this.transposed = base instanceof AdaptableBlock block && block.isWeightTransposed();
        this.linear = base.getClass() == Linear.class || base instanceof TiedLinear;
        this.packed = weight != null && isPacked(weight);
        this.bias =
                base.getDirectParameters().values().stream()
                        .filter(parameter -> parameter.getType() == Parameter.Type.BIAS)
                        .findFirst()
                        .orElse(null);
        this.parameters = SlotParameter.of(base);
        names.add(name);
    }

    public int index() {
        return index;
    }

    public String name() {
        return names.get(0);
    }

    /** Returns all names of the block, the first one first. */
    public List<String> names() {
        return Collections.unmodifiableList(names);
    }

    /** Adds a name, while the slots are collected. */
    void addName(String name) {
        names.add(name);
    }

    Role role() {
        return role;
    }

    public Block base() {
        return base;
    }

    public ModuleKind kind() {
        return kind;
    }

    /** Returns the weight that the block reads; null for a block without a single one. */
    public @Nullable Parameter weight() {
        return weight;
    }

    /** Returns the block's own bias; null where it has none. */
    public @Nullable Parameter bias() {
        return bias;
    }

    /** Returns whether the block is known to compute {@code x Wᵀ + bias} and nothing else. */
    public boolean isLinear() {
        return linear;
    }

    /** Returns whether the block's weight is held in fewer bits, which the call unpacks. */
    public boolean isPacked() {
        return packed;
    }

    private static boolean isPacked(Parameter weight) {
        return weight.isInitialized() && weight.getArray() instanceof PackedArray;
    }

    /** Returns whether the block reads nothing but its weight and its bias. */
    public boolean readsWeightAlone() {
        return parameters.stream().allMatch(p -> p.parameter() == weight || p.parameter() == bias);
    }

    /** Returns all parameters that the block and its children read. */
    public List<SlotParameter> parameters() {
        return parameters;
    }

    /**
     * Records that a pass called the block or asked for its weight, with or without adapters. The
     * model is then known to use the block, so that adapters have an effect here.
     */
    public void reach() {
        if (!reached) {
            reached = true;
        }
    }

    /** Returns whether a pass has called the block or asked for its weight. */
    public boolean isReached() {
        return reached;
    }

    /** Records that the block asked for a parameter in a pass. */
    public void ask(Parameter parameter) {
        if (!asked.contains(parameter)) {
            asked.add(parameter);
        }
    }

    /** Returns whether the block is known to have asked for a parameter. */
    public boolean isAsked(Parameter parameter) {
        return asked.contains(parameter);
    }

    boolean reads(Parameter parameter) {
        return parameters.stream().anyMatch(read -> read.parameter() == parameter);
    }

    /** Returns the parameter of a name below the module's. */
    public Parameter parameter(String name) {
        return parameters.stream()
                .filter(read -> read.name().equals(name))
                .findFirst()
                .map(SlotParameter::parameter)
                .orElseThrow(() -> new IllegalStateException(name() + " has no " + name));
    }

    /** Returns whether the weight is the block's own parameter, and not another block's. */
    boolean ownsWeight() {
        return weight != null && base.getDirectParameters().values().contains(weight);
    }

    /** Returns what a plan needs to know. */
    ModelLayout.Module describe(String weightName, Map<Parameter, String> ids) {
        NDArray array = weight == null ? null : weight.getArray();
        return new ModelLayout.Module(
                name(),
                names.subList(1, names.size()),
                role,
                kind,
                base.getClass().getSimpleName(),
                weightName,
                array == null ? new Shape() : logical(array.getShape()),
                array == null ? DataType.UNKNOWN : array.getDataType(),
                base instanceof Convolution convolution ? convolution.getGroups() : 1,
                transposed,
                parameters.stream().map(read -> describe(read, ids)).toList());
    }

    /** Returns a stored shape as the (out, in) of a linear or the (V, d) of an embedding. */
    private Shape logical(Shape stored) {
        return transposed && stored.dimension() == 2
                ? new Shape(stored.get(1), stored.get(0))
                : stored;
    }

    private static ModelLayout.Parameter describe(SlotParameter read, Map<Parameter, String> ids) {
        Parameter parameter = read.parameter();
        NDArray array = parameter.isInitialized() ? parameter.getArray() : null;
        return new ModelLayout.Parameter(
                read.name(),
                ids.getOrDefault(parameter, parameter.getName()),
                array == null ? new Shape() : array.getShape(),
                array == null ? DataType.UNKNOWN : array.getDataType(),
                SlotParameter.isBias(parameter));
    }

    private static ModuleKind kindOf(Block block) {
        if (block instanceof AdaptableBlock adaptable) {
            return adaptable.moduleKind();
        }
        if (block instanceof Linear) {
            return ModuleKind.LINEAR;
        }
        return block instanceof Conv1d || block instanceof Conv2d
                ? ModuleKind.CONVOLUTION
                : ModuleKind.OTHER;
    }
}
