package dev.ligature.models.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TokenScoresTest {
    private static final Path RESOURCES = Path.of("src/test/resources");

    @Test
    void scoresInChunks_areThoseOfAllLogits_andOneChunkAtATimeHasLogits() throws IOException {
        try (PretrainedModel model =
                        PretrainedModel.load(RESOURCES.resolve("families/gemma2/base"));
                NDManager scope = NDManager.newBaseManager()) {
            model.lora().load("a", RESOURCES.resolve("families/gemma2/adapter"));
            Block block = model.lora().routed(Routing.of("a"));
            NDArray ids =
                    scope.create(new long[] {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, new Shape(2, 5));
            NDArray labels =
                    scope.create(
                            new long[] {4, -100, 6, 7, 8, 9, 10, -100, -100, 13}, new Shape(2, 5));
            NDArray logits =
                    block.forward(new ParameterStore(scope, false), new NDList(ids), false).head();
            float[] logs = logits.logSoftmax(2).toFloatArray();
            long[] firsts = logits.argMax(2).toLongArray();
            int vocabulary = (int) logits.getShape().get(2);
            for (int tokens : new int[] {1, 3, 100}) {
                List<Integer> places = new ArrayList<>();
                long bytes = (long) tokens * Float.BYTES * vocabulary;
                TokenScores.of(block, new NDList(ids), labels, scope, bytes)
                        .orElseThrow()
                        .forEach(
                                (place, label, log, first) -> {
                                    int at = place * vocabulary + (int) label;
                                    assertEquals(logs[at], log, 1e-5);
                                    assertEquals(firsts[place], first);
                                    places.add(place);
                                });
                assertEquals(List.of(0, 2, 3, 4, 5, 6, 9), places);
            }
        }
    }

    @Test
    void aModelWithoutAHeadOfTokens_hasNone() throws IOException {
        try (PretrainedModel model =
                        PretrainedModel.load(RESOURCES.resolve("encoders/bert-token/base"));
                NDManager scope = NDManager.newBaseManager()) {
            NDArray ids = scope.create(new long[] {3, 4}, new Shape(1, 2));
            Block block = model.lora().routed(Routing.none());
            assertTrue(TokenScores.of(block, new NDList(ids), ids, scope).isEmpty());
        }
    }
}
