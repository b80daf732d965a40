package dev.ligature.models.families;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.ops.WeightPrecision;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family over weights in fewer bits; the logits are those of Transformers and PEFT. */
final class PackedFamiliesTest {
    static List<String> names() throws IOException {
        return FamilyCase.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void logitsOfBaseAndAdapter_areNearTheReference_andTextsAreGenerated(String name)
            throws IOException {
        for (WeightPrecision precision : WeightPrecision.values()) {
            LoadOptions packed = LoadOptions.defaults().withWeights(precision);
            try (FamilyCase reference = new FamilyCase(name, packed)) {
                reference.loadAdapter();
                NDArray ids = reference.read("input_ids"); // (B, T)
                float[] base = reference.read("base_logits").toFloatArray();
                float[] adapted = reference.read("adapter_logits").toFloatArray();
                Routing first = Routing.of("first");
                double moved = distance(adapted, base);
                double ofBase =
                        distance(base, reference.logits(Routing.none(), ids).toFloatArray());
                double ofAdapter = distance(adapted, reference.logits(first, ids).toFloatArray());
                assertTrue(ofBase < 0.06, precision + ", base: " + ofBase);
                assertTrue(
                        ofAdapter < 0.3 * moved,
                        precision + ", adapter: " + ofAdapter + " of " + moved);
                List<long[]> texts =
                        TextGenerator.of(reference.model(), first)
                                .generate(
                                        reference.prompts(),
                                        GenerationOptions.greedy(3),
                                        TokenListener.NONE);
                assertTrue(texts.stream().allMatch(text -> text.length > 0), precision.name());
            }
        }
    }

    /** Returns |a − b| / |b| in the Euclidean norm. */
    private static double distance(float[] b, float[] a) {
        double gap = 0;
        double length = 0;
        for (int i = 0; i < b.length; i++) {
            gap += Math.pow((double) a[i] - b[i], 2);
            length += Math.pow(b[i], 2);
        }
        return Math.sqrt(gap / length);
    }
}
