package same;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;
import same.left.Mixer;
import same.left.Mixer_LeftLora;
import same.right.Mixer_RightLora;

/** Binds the modules of {@link Stack}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class StackLora {
    private StackLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Stack model) {
        return LoraModel.wrap(model, StackLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("gate", MixerGate_OnlyLora.describe())
                .child("left", Mixer_LeftLora.describe())
                .child("right", Mixer_RightLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Stack model, ModuleVisitor visitor) {
        visitor.child("gate", model.gate, StackLora::visitMixerGate);
        visitor.child("left", model.left, StackLora::visitMixer);
        visitor.child("right", model.right, StackLora::visitMixer2);
    }

    private static void visitMixerGate(MixerGate child, ModuleVisitor visitor) {
        if (child instanceof MixerGate.Only only) {
            MixerGate_OnlyLora.visit(only, visitor);
        } else {
            throw visitor.unknownClass(MixerGate.class, child);
        }
    }

    private static void visitMixer(Mixer child, ModuleVisitor visitor) {
        if (child instanceof Mixer.Left left) {
            Mixer_LeftLora.visit(left, visitor);
        } else {
            throw visitor.unknownClass(Mixer.class, child);
        }
    }

    private static void visitMixer2(same.right.Mixer child, ModuleVisitor visitor) {
        if (child instanceof same.right.Mixer.Right right) {
            Mixer_RightLora.visit(right, visitor);
        } else {
            throw visitor.unknownClass(same.right.Mixer.class, child);
        }
    }
}
