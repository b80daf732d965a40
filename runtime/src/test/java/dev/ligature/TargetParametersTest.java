package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.slot.SlotBlock;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parameters of blocks that nobody can annotate: DJL's BERT has private fields. */
final class TargetParametersTest extends ToyTest {
    private static final Routing MINE = Routing.of("a");

    @TempDir private Path folder;

    /** A model whose only annotated field is a BERT of DJL. */
    private static final class Encoder extends AbstractBlock {
        Block bert;

        Encoder() {
            super((byte) 1);
            bert =
                    addChildBlock(
                            "bert",
                            BertBlock.builder()
                                    .setTokenDictionarySize(11)
                                    .optEmbeddingSize(6)
                                    .optHiddenSize(8)
                                    .optAttentionHeadCount(2)
                                    .optTransformerBlockCount(2)
                                    .optMaxSequenceLength(3)
                                    .optHiddenDropoutProbability(0)
                                    .build());
        }

        static Encoder create(NDManager manager) {
            Encoder model = new Encoder();
            int[] salt = {1};
            List<Parameter.Type> drawn =
                    List.of(Parameter.Type.WEIGHT, Parameter.Type.BIAS, Parameter.Type.BETA);
            for (Parameter.Type kind : drawn) {
                model.setInitializer(
                        (m, shape, t) -> m.create(Numbers.fill(shape, salt[0]++), shape), kind);
            }
            Shape ids = new Shape(2, 3);
            model.initialize(manager, DataType.FLOAT32, ids, ids, ids);
            return model;
        }

        static void visit(Encoder model, ModuleWalker visitor) {
            model.bert = visitor.module("bert", Role.MODULE, model.bert);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            return bert.forward(store, inputs, training, params);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return bert.getOutputShapes(inputShapes);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            bert.initialize(manager, type, shapes);
        }
    }

    private NDList inputs() {
        NDArray zeros = manager.zeros(new Shape(2, 3), DataType.INT64);
        return new NDList(
                manager.create(IDS, new Shape(2, 3)),
                zeros,
                manager.ones(new Shape(2, 3), DataType.INT64));
    }

    private static LoraConfig.Builder parameters(String... names) {
        return LoraConfig.builder().optTargetParameters(names).optRank(2).optLoraAlpha(3);
    }

    private LoraModel wrapBert() {
        return LoraModel.wrap(Encoder.create(manager), Encoder::visit);
    }

    private NDArray forward(Block block) {
        return block.forward(store, inputs(), false).head();
    }

    @Test
    void aBertOfDjl_isAdaptedWithoutAnAnnotationInIt() throws IOException {
        LoraModel lora = wrapBert();
        float[] before = forward(lora).toFloatArray();
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                parameters("queryProjection.weight", "valueProjection.weight")
                                        .build());
        assertEquals(4, adapter.pairs().size(), "two layers");
        assertArrayEquals(before, forward(lora.routed(MINE)).toFloatArray());
        scramble(adapter, 5);

        // The same model, with W + ΔW written into it by hand.
        Encoder other = Encoder.create(manager);
        ModelParameters theirs = new ModelParameters(other, lora.base());
        for (FactorPair pair : adapter.pairs()) {
            PairPlan.Reader reader = pair.plan().readers().get(0);
            Parameter weight =
                    read(lora).stream()
                            .filter(p -> p.name().equals(reader.parameter()))
                            .findFirst()
                            .orElseThrow()
                            .parameter();
            double[][] sum =
                    Numbers.plusDelta(
                            Numbers.matrix(weight.getArray()),
                            1.5,
                            Numbers.matrix(pair.loraB().getArray()),
                            Numbers.matrix(pair.loraA().getArray()));
            theirs.write(weight, sum);
        }
        double[][] expected = Numbers.matrix(forward(other).reshape(-1, 6));
        Numbers.assertClose(expected, forward(lora.routed(MINE)).reshape(-1, 6), 1e-5);
        try (MergedModel merged = lora.merge(MINE)) {
            Numbers.assertClose(expected, forward(merged).reshape(-1, 6), 1e-5);
        }
        assertArrayEquals(before, forward(lora).toFloatArray());

        lora.save("a", folder.resolve("saved"));
        lora.load("b", folder.resolve("saved"));
        assertArrayEquals(
                forward(lora.routed(MINE)).toFloatArray(),
                forward(lora.routed(Routing.of("b"))).toFloatArray());
        // Half of each of two equal adapters is one of them.
        Routing halves = Routing.weighted(Map.of("a", 0.5, "b", 0.5));
        Numbers.assertClose(expected, forward(lora.routed(halves)).reshape(-1, 6), 1e-5);
    }

    private static List<SlotParameter> read(LoraModel lora) {
        return SlotParameter.of(((SlotBlock) ((Encoder) lora.base()).bert).base());
    }

    /** The parameters of a model by those of another of the same class. */
    private record ModelParameters(Block model, Block like) {
        void write(Parameter parameter, double[][] values) {
            int index = like.getParameters().values().indexOf(parameter);
            NDArray array = model.getParameters().values().get(index).getArray();
            float[] flat = new float[(int) array.size()];
            int columns = values[0].length;
            for (int i = 0; i < flat.length; i++) {
                flat[i] = (float) values[i / columns][i % columns];
            }
            array.set(new NDIndex(":"), array.getManager().create(flat, array.getShape()));
        }
    }

    @Test
    void gradients_reachTheFactorsOfAParameterInABert() {
        LoraModel lora = wrapBert();
        AdapterState adapter =
                (AdapterState) lora.create("a", parameters("queryProjection.weight").build());
        scramble(adapter, 6);
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray y = lora.routed(MINE).forward(store, inputs(), true).head();
            collector.backward(y.square().sum());
        }
        for (Parameter parameter : adapter.parameters().values()) {
            try (NDArray gradient = parameter.getArray().getGradient()) {
                assertTrue(gradient.abs().max().getFloat() > 0, parameter.getName());
            }
        }
    }

    @Test
    void theParametersThatCanBeTargeted_areNamedWhenOneIsNot() {
        LoraModel lora = wrapBert();
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraEntryUnmatched",
                        () -> lora.plan(parameters("qeuryProjection.weight").build()));
        assertTrue(error.getMessage().contains("target_parameters"), error.getMessage());
        assertTrue(
                error.getMessage().contains("selfAttention.queryProjection.weight"),
                error.getMessage());
        // Each full name that is shown is one that can be used.
        List<PairPlan> pairs = lora.plan(parameters("queryProjection.weight").build()).pairs();
        for (PairPlan pair : pairs) {
            PairPlan.Reader reader = pair.readers().get(0);
            String name = reader.slot() + "." + reader.parameter();
            assertEquals(List.of(pair), lora.plan(parameters(name).build()).pairs());
        }
    }

    @Test
    void whatIsNoMatrix_isRefused() {
        LoraModel lora = wrapToy(false);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraParameterShape", () -> lora.plan(parameters("proj.bias").build()));
        assertTrue(error.getMessage().contains("proj.bias, which has the shape (4)"), "" + error);
    }

    @Test
    void aWeightIsTargetedOnce() {
        LoraModel lora = wrapToy(false);
        LoraConfig both = parameters("proj.weight").setTargetModules("proj").build();
        LoraException error =
                LoraModelTest.assertCode("LoraWeightClaimedTwice", () -> lora.plan(both));
        assertTrue(error.getMessage().contains("target_parameters means proj.weight"), "" + error);
    }

    @Test
    void aParameterIsReadByAll_ifTyingIsAskedFor() {
        LoraModel lora = wrapToy(true);
        LoraConfig tied = parameters("embed.weight").optEnsureWeightTying(true).build();
        PairPlan pair = lora.plan(tied).pairs().get(0);
        assertEquals(
                List.of("embed", "head"),
                pair.readers().stream().map(PairPlan.Reader::module).toList());
        assertEquals(
                List.of("embed.weight", "head.weight"),
                ExplicitConfig.of(lora.plan(tied)).targetParameters().stream()
                        .sorted(Comparator.naturalOrder())
                        .toList());
        AdapterState adapter = (AdapterState) lora.create("a", tied);
        scramble(adapter, 7);
        FactorPair factors = adapter.pairs().get(0);
        Numbers.assertClose(
                byHand(lora, factors, null, factors),
                lora.forward(store, ids(), MINE).singletonOrThrow(),
                1e-5);
        LoraConfig one = parameters("embed.weight").build();
        assertEquals(1, lora.plan(one).pairs().get(0).readers().size());
        assertFalse(lora.plan(one).warnings().isEmpty(), "the tie is split");
    }

    @Test
    void whatNeedsALayersInput_isRefusedForParameters() {
        for (LoraConfig.Builder config :
                List.of(
                        parameters("w").optLoraDropout(0.1),
                        parameters("w").optUseDora(true),
                        parameters("w").optLoraBias(true))) {
            LoraModelTest.assertCode("LoraParameterCombination", config::build);
        }
    }

    @Test
    void namesAreTheAnnotatedModulesAndTheBlocks() {
        LoraModel lora = wrapBert();
        for (Pair<String, Parameter> named : lora.getParameters()) {
            Parameter parameter = named.getValue();
            if (parameter.getArray().getShape().dimension() == 2) {
                SlotParameter read =
                        read(lora).stream()
                                .filter(p -> p.parameter() == parameter)
                                .findFirst()
                                .orElseThrow();
                assertFalse(read.name().isEmpty(), named.getKey() + " can be targeted");
            }
        }
    }
}
