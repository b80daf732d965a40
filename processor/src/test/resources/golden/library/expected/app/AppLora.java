package app;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;
import lib.BaseLora;
import lib.PartLora;

/** Binds the modules of {@link App}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class AppLora {
    /** The module {@code head}. */
    public static final String HEAD = "head";

    private AppLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(App model) {
        return LoraModel.wrap(model, AppLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(BaseLora.describe())
                .child("part", PartLora.describe())
                .module("head", Role.MODULE)
                .tie("head", "part.inner.w", "")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(App model, ModuleVisitor visitor) {
        BaseLora.visit(model, visitor);
        visitor.child("part", model.part, PartLora::visit);
        model.head = visitor.module("head", Role.MODULE, model.head);
        visitor.tie("head", "part.inner.w");
    }
}
