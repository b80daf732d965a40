package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.ligature.Adapter;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Texts of one batch that go through different adapters become what they become alone. */
final class MixedGenerationTest {
    private static final Path CASE = Path.of("src/test/resources/cases/llama-tied-both");
    private static final int NEW_TOKENS = 12;

    @Test
    void rowsThroughDifferentAdapters_giveWhatEachGivesAlone() throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            manager.getEngine().setRandomSeed(3);
            LlamaForCausalLM model = LlamaCheckpoint.load(CASE.resolve("base"), manager);
            LoraModel lora = LlamaForCausalLMLora.wrap(model);
            lora.load("peft", CASE.resolve("adapter"));
            strong(lora, manager, "attention", 2, "q_proj", "v_proj");
            strong(lora, manager, "mlp", 5, "gate_proj", "down_proj");
            List<String> names = List.of(Routing.BASE, "peft", "attention", "mlp");
            Random random = new Random(11);
            List<long[]> prompts = new ArrayList<>();
            List<String> adapters = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int vocabulary = model.config().decoderShape().vocabulary();
                prompts.add(random.longs(1 + random.nextInt(9), 3, vocabulary).toArray());
                adapters.add(names.get(i % names.size()));
            }

            List<long[]> together =
                    TextGenerator.byRow(
                                    rows -> lora.routed(Routing.rows(rows)),
                                    model.config().decoderShape(),
                                    manager)
                            .generate(
                                    prompts,
                                    adapters,
                                    GenerationOptions.greedy(NEW_TOKENS),
                                    TokenListener.NONE);

            int different = 0;
            for (int i = 0; i < prompts.size(); i++) {
                long[] alone = alone(lora, model, manager, adapters.get(i), prompts.get(i));
                assertArrayEquals(alone, together.get(i), adapters.get(i) + ", prompt " + i);
                long[] base = alone(lora, model, manager, Routing.BASE, prompts.get(i));
                different += Arrays.equals(alone, base) ? 0 : 1;
            }
            assertTrue(different >= 6, "only " + different + " texts tell their adapter");
            lora.unwrap();
        }
    }

    private static long[] alone(
            LoraModel lora, LlamaForCausalLM model, NDManager manager, String name, long[] prompt) {
        Routing routing = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
        return new TextGenerator(lora.routed(routing), model.config().decoderShape(), manager)
                .generate(List.of(prompt), GenerationOptions.greedy(NEW_TOKENS), TokenListener.NONE)
                .get(0);
    }

    /** Creates an adapter that changes what is generated. */
    private static void strong(
            LoraModel lora, NDManager manager, String name, int rank, String... targets) {
        Adapter adapter =
                lora.create(
                        name, LoraConfig.builder().setTargetModules(targets).optRank(rank).build());
        for (Pair<String, Parameter> named : adapter.parameters()) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray array = named.getValue().getArray();
                NDArray noise = scope.randomNormal(0, 0.7f, array.getShape(), DataType.FLOAT32);
                NDArray alias = array.stopGradient();
                alias.attach(scope);
                alias.set(new NDIndex(":"), noise);
            }
        }
    }
}
