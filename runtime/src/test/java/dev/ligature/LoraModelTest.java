package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.core.Linear;
import dev.ligature.annotation.Role;
import dev.ligature.block.TiedLinear;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

public final class LoraModelTest extends ToyTest {
    @Test
    void wrapping_leavesNamesValuesAndSavedBytesOfTheBase() throws IOException {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        ParameterList before = model.getParameters();
        byte[] saved = save(model);

        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        lora.create("a", config("proj").build());

        assertEquals(before.keys(), lora.getParameters().keys());
        assertArrayEquals(saved, save(model));
        assertArrayEquals(saved, save(lora));
        assertCode("LoraRoutedSave", () -> save(lora.routed(Routing.of("a"))));
    }

    @Test
    void layout_namesKindsRolesAndTheSharedWeight() {
        List<ModelLayout.Module> modules = wrapToy(true).layout().modules();

        assertEquals(List.of("embed", "proj", "head"), names(modules));
        assertEquals(ModuleKind.EMBEDDING, modules.get(0).kind());
        assertEquals(ModuleKind.LINEAR, modules.get(1).kind());
        assertEquals(ModuleKind.LINEAR, modules.get(2).kind());
        assertEquals(Role.OUTPUT_HEAD, modules.get(2).role());
        assertEquals("embed", modules.get(2).weight());
        assertEquals("proj", modules.get(1).weight());
    }

    @Test
    void routedForward_addsTheLinearTermAndKeepsTheBias() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 1);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        FactorPair pair = adapter.pairs().get(0);
        Numbers.assertClose(byHand(lora, null, pair, null), logits, 1e-5);
    }

    @Test
    void routedForward_addsTheEmbeddingTerm() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("embed").build());
        scramble(adapter, 2);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        FactorPair pair = adapter.pairs().get(0);
        Numbers.assertClose(byHand(lora, pair, null, null), logits, 1e-5);
    }

    @Test
    void aTiedPair_isReadByEmbeddingAndHead_whicheverWasTargeted() {
        LoraModel lora = wrapToy(true);
        for (String target : List.of("embed", "head")) {
            AdapterState adapter =
                    (AdapterState)
                            lora.create(target, config(target).optEnsureWeightTying(true).build());
            scramble(adapter, 3);

            NDArray logits = lora.forward(store, ids(), Routing.of(target)).singletonOrThrow();

            assertEquals(1, adapter.pairs().size());
            FactorPair pair = adapter.pairs().get(0);
            Numbers.assertClose(byHand(lora, pair, null, pair), logits, 1e-5);
        }
    }

    @Test
    void withoutTheFlag_theReadersOfATiedWeightHavePairsOfTheirOwn() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter = (AdapterState) lora.create("a", config("embed", "head").build());
        scramble(adapter, 4);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        assertEquals(2, adapter.pairs().size());
        Numbers.assertClose(
                byHand(lora, adapter.pairs().get(0), null, adapter.pairs().get(1)), logits, 1e-5);
    }

    @Test
    void aNewAdapter_changesNothingUntilItIsTrained() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj", "embed").optEnsureWeightTying(true).build());

        NDArray base = lora.forward(store, ids(), Routing.none()).singletonOrThrow();
        NDArray routed = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        assertArrayEquals(base.toFloatArray(), routed.toFloatArray());
    }

    @Test
    void aRoutedBlock_showsTheParametersOfItsOwnTrainableAdapterOnly() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("embed").optEnsureWeightTying(true).build());
        lora.create("b", config("proj").build());
        int base = lora.getParameters().size();

        ParameterList ofA = lora.routed(Routing.of("a")).getParameters();
        assertEquals(base + 2, ofA.size());
        assertEquals(2, trainable(ofA));
        lora.adapter("b").setTrainable(false);
        assertEquals(base, lora.routed(Routing.of("b")).getParameters().size());
    }

    @Test
    void unfreezingARoutedBlock_neverReachesTheBase() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());

        lora.routed(Routing.of("a")).freezeParameters(false);
        lora.routed(Routing.of("a")).freezeParameters(false, parameter -> true);
        lora.freezeParameters(false);

        assertEquals(0, trainable(lora.getParameters()));
    }

    @Test
    void unwrapping_givesFieldsAndTrainabilityBack() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        Block proj = model.proj;
        Parameter frozen = model.getParameters().get("02proj_bias");
        frozen.freeze(true);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        Block routed = lora.routed(Routing.of(lora.create("a", config("proj").build()).name()));
        assertNotEquals(proj, model.proj);

        lora.unwrap();

        assertSame(proj, model.proj);
        assertFalse(frozen.requiresGradient());
        assertTrue(model.getParameters().get("02proj_weight").requiresGradient());
        assertCode("LoraAdapterRemoved", () -> routed.forward(store, ids(), false));
        assertCode("LoraUnwrapped", () -> lora.create("b", config("proj").build()));
        LoraModel.wrap(model, ToyModel::visit);
    }

    @Test
    void wrapping_refusesWhatIsWrappedAlready() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        LoraModel.wrap(model, ToyModel::visit);

        LoraException error =
                assertCode("LoraAlreadyWrapped", () -> LoraModel.wrap(model, ToyModel::visit));
        assertTrue(error.getMessage().contains("embed"), error.getMessage());
    }

    @Test
    void wrapping_refusesAModelWithoutArrays() {
        assertCode("LoraNotInitialized", () -> LoraModel.wrap(new ToyModel(true), ToyModel::visit));
    }

    @Test
    void wrapping_refusesASharedWeightThatNoTieDeclares_andChangesNothing() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        Block embed = model.embed;

        LoraException error =
                assertCode(
                        "LoraTieUndeclared",
                        () ->
                                LoraModel.wrap(
                                        model,
                                        (m, visitor) -> {
                                            m.embed = visitor.module("e", Role.MODULE, m.embed);
                                            m.head = visitor.module("h", Role.MODULE, m.head);
                                        }));

        assertTrue(error.getMessage().contains("e and h"), error.getMessage());
        assertSame(embed, model.embed);
        assertTrue(model.getParameters().get("01embed_weight").requiresGradient());
    }

    @Test
    void wrapping_refusesATieOfTwoWeights() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);

        LoraException error =
                assertCode(
                        "LoraTieBroken",
                        () ->
                                LoraModel.wrap(
                                        model,
                                        (m, visitor) -> {
                                            ToyModel.visit(m, visitor);
                                            visitor.tie("head", "embed");
                                        }));
        assertTrue(error.getMessage().contains("head"), error.getMessage());
    }

    @Test
    void wrapping_refusesTwoModulesOfOneRole() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);

        assertCode(
                "LoraRoleTwice",
                () ->
                        LoraModel.wrap(
                                model,
                                (m, visitor) -> {
                                    m.proj = visitor.module("p", Role.OUTPUT_HEAD, m.proj);
                                    m.head = visitor.module("h", Role.OUTPUT_HEAD, m.head);
                                }));
    }

    @Test
    void oneBlockUnderTwoNames_isOneSlot_andEitherNameTargetsIt() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        LoraModel lora =
                LoraModel.wrap(
                        model,
                        (m, visitor) -> {
                            Block same = m.proj;
                            ToyModel.visit(m, visitor);
                            Block again = visitor.module("again.proj", Role.MODULE, same);
                            assertSame(m.proj, again);
                        });

        assertEquals(List.of("again.proj"), lora.layout().modules().get(1).aliases());
        AdapterState adapter = (AdapterState) lora.create("a", config("again.proj").build());
        scramble(adapter, 5);
        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();
        assertEquals("proj", adapter.pairs().get(0).plan().name());
        Numbers.assertClose(byHand(lora, null, adapter.pairs().get(0), null), logits, 1e-5);
    }

    @Test
    void adapters_areCreatedListedAndRemovedByName() {
        LoraModel lora = wrapToy(true);
        LoraConfig config = config("proj").build();
        lora.create("legal", config);
        lora.create("medical", config);

        assertEquals(Set.of("legal", "medical"), lora.adapterNames());
        assertCode("LoraAdapterExists", () -> lora.create("legal", config));
        LoraException unknown = assertCode("LoraUnknownAdapter", () -> lora.adapter("leagl"));
        assertTrue(unknown.getMessage().contains("Did you mean legal?"), unknown.getMessage());
        assertCode("LoraAdapterName", () -> lora.create("../legal", config));

        Block routed = lora.routed(Routing.of("legal"));
        lora.remove("legal");
        assertEquals(Set.of("medical"), lora.adapterNames());
        assertCode("LoraAdapterRemoved", () -> routed.forward(store, ids(), false));
    }

    @Test
    void aFailedCreation_leavesNoAdapterAndNoArrays() {
        LoraModel lora = wrapToy(true);
        int before = manager.getParentManager().getManagedArrays().size();

        assertThrows(LoraException.class, () -> lora.create("a", config("no_such_module").build()));

        assertEquals(Set.of(), lora.adapterNames());
        assertEquals(before, manager.getParentManager().getManagedArrays().size());
    }

    @Test
    void aTiedHead_mayHaveABiasOfItsOwn() {
        ToyModel model = new ToyModel(true);
        model.head = new TiedLinear(model.embed, true);
        model.setInitializer(
                (m, shape, type) -> m.create(Numbers.fill(shape, 9), shape), p -> true);
        model.head.setInitializer(
                (m, shape, type) -> m.create(Numbers.fill(shape, 10), shape), p -> true);
        model.initialize(manager, DataType.FLOAT32, new ai.djl.ndarray.types.Shape(1, 1));
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState) lora.create("a", config("head").optEnsureWeightTying(true).build());
        scramble(adapter, 6);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        FactorPair pair = adapter.pairs().get(0);
        double[][] expected = byHand(lora, pair, null, pair);
        float[] bias = Numbers.fill(new ai.djl.ndarray.types.Shape(ToyModel.V), 10);
        for (double[] row : expected) {
            for (int v = 0; v < row.length; v++) {
                row[v] += bias[v];
            }
        }
        Numbers.assertClose(expected, logits, 1e-5);
    }

    @Test
    void anUninitialisedLinear_hasNoShareableWeightProblem() {
        // A TiedLinear may be built before its source has arrays: it follows the parameter.
        Linear source = Linear.builder().setUnits(3).optBias(false).build();
        TiedLinear tied = new TiedLinear(source);
        assertFalse(tied.isInitialized());
        source.initialize(manager, DataType.FLOAT32, new ai.djl.ndarray.types.Shape(1, 2));
        assertTrue(tied.isInitialized());
        assertSame(source.getParameters().get("weight"), tied.weight());
    }

    @Test
    void aModelWithoutParameters_canBeWrapped_andHasNothingToAdapt() {
        Shape shape = new Shape(1, 4);
        OneLayer model =
                OneLayer.create(Activation.reluBlock(), Map.of(), manager, DataType.FLOAT32, shape);
        LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
        NDArray x = manager.ones(shape);
        assertEquals(x, lora.forward(store, new NDList(x), Routing.none()).head());
        assertCode("LoraModuleUnsupported", () -> lora.create("a", config("layer").build()));
    }

    @Test
    void wrapping_refusesAModuleThatWasNotInitialisedWithTheModel() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        model.proj = Linear.builder().setUnits(ToyModel.D).build();

        LoraException error =
                assertCode("LoraNotInitialized", () -> LoraModel.wrap(model, ToyModel::visit));

        assertEquals(
                "[LoraNotInitialized] The weight of module proj, a Linear, has no array, although"
                        + " the model is initialised. Add the block with addChildBlock, so that it"
                        + " is initialised with the model.",
                error.getMessage());
    }

    @Test
    void aSeedDecidesTheFactors_whateverWasDrawnBefore() {
        LoraConfig config = config("proj", "embed").build();
        float[] first = loraA(wrapToy(false).create("a", config, 7));
        manager.randomNormal(new Shape(3)).close();
        LoraModel other = wrapToy(false);
        other.create("before", config);
        assertArrayEquals(first, loraA(other.create("a", config, 7)));
        assertFalse(Arrays.equals(first, loraA(other.create("b", config, 8))));
    }

    private static float[] loraA(Adapter adapter) {
        return adapter.parameters().get("proj.lora_A").getArray().toFloatArray();
    }

    public static LoraException assertCode(
            String code, org.junit.jupiter.api.function.Executable executable) {
        LoraException error = assertThrows(LoraException.class, executable);
        assertEquals(code, error.code(), error.getMessage());
        return error;
    }

    private static long trainable(ParameterList parameters) {
        return parameters.values().stream().filter(Parameter::requiresGradient).count();
    }

    private static List<String> names(List<ModelLayout.Module> modules) {
        return modules.stream().map(ModelLayout.Module::name).toList();
    }

    private static byte[] save(Block block) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }
}
