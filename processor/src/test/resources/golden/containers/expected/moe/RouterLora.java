package moe;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Router}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class RouterLora {
    /** The module {@code gate.0}. */
    public static final String GATE_0 = "gate.0";

    /** The module {@code experts}. */
    public static final String EXPERTS = "experts";

    /** The module {@code shared}. */
    public static final String SHARED = "shared";

    private RouterLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Router model) {
        return LoraModel.wrap(model, RouterLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("gate.0", Role.MODULE)
                .modules("experts", Role.MODULE)
                .modules("shared", Role.MODULE)
                .children("list", ExpertLora.describe())
                .children("subtype", ExpertLora.describe())
                .children("array", ExpertLora.describe())
                .children("map", ExpertLora.describe())
                .children("open_map", OpenLora.describe())
                .children("open_list", OpenLora.describe())
                .children("open_array", OpenLora.describe())
                .child("open", OpenLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Router model, ModuleVisitor visitor) {
        model.gate = visitor.module("gate.0", Role.MODULE, model.gate);
        model.experts = visitor.modules("experts", Role.MODULE, model.experts);
        model.shared = visitor.modules("shared", Role.MODULE, model.shared);
        visitor.children("list", model.list, ExpertLora::visit);
        visitor.children("subtype", model.subtype, ExpertLora::visit);
        visitor.children("array", model.array, ExpertLora::visit);
        visitor.children("map", model.map, ExpertLora::visit);
        visitor.children("open_map", model.openMap, Open.class, OpenLora::visit);
        visitor.children("open_list", model.openList, Open.class, OpenLora::visit);
        visitor.children("open_array", model.openArray, Open.class, OpenLora::visit);
        visitor.child("open", model.open, Open.class, OpenLora::visit);
    }
}
