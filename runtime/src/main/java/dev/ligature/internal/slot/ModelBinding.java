package dev.ligature.internal.slot;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import dev.ligature.LoraException;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A base with slots in its fields and frozen parameters, and the way back. */
public final class ModelBinding {
    private final Block base;
    private final Slots slots;
    private final Runnable unbind;
    private final List<Parameter> frozenHere;
    private final @Nullable Parameter any; // tells the engine and the device

    private ModelBinding(
            Block base,
            Slots slots,
            Runnable unbind,
            List<Parameter> frozenHere,
            @Nullable Parameter any) {
        this.base = base;
        this.any = any;
        this.slots = slots;
        this.unbind = unbind;
        this.frozenHere = frozenHere;
    }

    /**
     * Wraps a model.
     *
     * @throws LoraException if it cannot be wrapped; it is then unchanged
     */
    public static <M extends Block> ModelBinding of(M model, ModelWalk<? super M> visit) {
        if (!model.isInitialized()) {
            throw SlotMessage.MODEL_NOT_INITIALIZED.error(model.getClass().getSimpleName());
        }
        SlotCollector reader = new SlotCollector();
        ModuleWalker.walk(model, visit, reader);
        ParameterList ofModel = model.getParameters(); // which walks the whole model
        Slots slots = reader.read(ofModel);
        ModuleWalker.walk(model, visit, slots.binder());
        Set<Parameter> all = new LinkedHashSet<>(ofModel.values()); // equal if the same
        // Blocks that the model's author has not added as children have parameters, too.
        slots.all().forEach(slot -> slot.parameters().forEach(read -> all.add(read.parameter())));
        List<Parameter> frozenHere = new ArrayList<>();
        for (Parameter parameter : all) {
            if (parameter.requiresGradient()) {
                parameter.freeze(true);
                frozenHere.add(parameter);
            }
        }
        ConvolutionCheck.warn(slots.all());
        Runnable unbind = () -> ModuleWalker.walk(model, visit, slots.unbinder());
        Parameter any = all.stream().filter(Parameter::isInitialized).findFirst().orElse(null);
        return new ModelBinding(model, slots, unbind, frozenHere, any);
    }

    public Block base() {
        return base;
    }

    public Slots slots() {
        return slots;
    }

    /** Gives the base back as it was: its blocks in its fields, its parameters trainable. */
    public void undo() {
        unbind.run();
        if (slots.hasArrays()) {
            frozenHere.forEach(parameter -> parameter.freeze(false));
        }
    }

    /** Returns a manager of its own for arrays next to the base's, on the base's device. */
    public NDManager newManager() {
        NDArray array = Objects.requireNonNull(any, "what is adapted has parameters").getArray();
        return array.getManager().getEngine().newBaseManager(array.getDevice());
    }

    /** Returns the device that the base's parameters are on. */
    public Device device() {
        return Objects.requireNonNull(any, "a model without parameters has no device")
                .getArray()
                .getDevice();
    }
}
