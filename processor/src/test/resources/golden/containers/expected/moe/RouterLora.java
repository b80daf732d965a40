package moe;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker;
import java.io.IOException;
import java.nio.file.Path;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Router}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
final class RouterLora {
    /** The module {@code gate.0}. */
    public static final String GATE_0 = "gate.0";

    /** Has no instances. */
    private RouterLora() {}

    /**
     * Returns the name of one of the modules {@code experts.*}.
     *
     * @param index the index of its block
     * @return the module's name
     */
    public static String experts(int index) {
        return "experts." + index;
    }

    /**
     * Returns the name of one of the modules {@code shared.*}.
     *
     * @param index the index of its block
     * @return the module's name
     */
    public static String shared(int index) {
        return "shared." + index;
    }

    /**
     * Returns the name of one of the modules {@code by_name.*}.
     *
     * @param key the key of its block
     * @return the module's name
     */
    public static String byName(String key) {
        return "by_name." + key;
    }

    /**
     * Returns the name of one of the modules {@code final_list.*}.
     *
     * @param index the index of its block
     * @return the module's name
     */
    public static String finalList(int index) {
        return "final_list." + index;
    }

    /**
     * Returns the name of one of the modules {@code final_array.*}.
     *
     * @param index the index of its block
     * @return the module's name
     */
    public static String finalArray(int index) {
        return "final_array." + index;
    }

    /**
     * Returns the name of one of the modules {@code final_map.*}.
     *
     * @param key the key of its block
     * @return the module's name
     */
    public static String finalMap(String key) {
        return "final_map." + key;
    }

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Router model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, RouterLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Router model, String... modules) {
        LoraModel.untieBase(model, RouterLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Router model) {
        return LoraModel.wrap(model, RouterLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("gate.0", Role.MODULE)
                .modules("experts", Role.MODULE)
                .modules("shared", Role.MODULE)
                .modules("by_name", Role.MODULE)
                .modules("final_list", Role.MODULE)
                .modules("final_array", Role.MODULE)
                .modules("final_map", Role.MODULE)
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

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Router model, ModuleWalker walker) {
        model.gate = walker.module("gate.0", Role.MODULE, model.gate);
        model.experts = walker.modules("experts", Role.MODULE, model.experts);
        model.shared = walker.modules("shared", Role.MODULE, model.shared);
        model.byName = walker.modules("by_name", Role.MODULE, model.byName);
        walker.elements("final_list", Role.MODULE, model.finalList);
        walker.elements("final_array", Role.MODULE, model.finalArray);
        walker.elements("final_map", Role.MODULE, model.finalMap);
        walker.children("list", model.list, ExpertLora::visit);
        walker.children("subtype", model.subtype, ExpertLora::visit);
        walker.children("array", model.array, ExpertLora::visit);
        walker.children("map", model.map, ExpertLora::visit);
        walker.children("open_map", model.openMap, Open.class, OpenLora::visit);
        walker.children("open_list", model.openList, Open.class, OpenLora::visit);
        walker.children("open_array", model.openArray, Open.class, OpenLora::visit);
        walker.child("open", model.open, Open.class, OpenLora::visit);
    }
}
