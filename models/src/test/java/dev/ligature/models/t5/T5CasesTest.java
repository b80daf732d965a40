package dev.ligature.models.t5;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.EncoderDecoderGenerator;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TokenListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** T5 computes what Transformers and PEFT compute, and what W + ΔW of one shared pair gives. */
final class T5CasesTest {
    private static final Path FOLDER = Path.of("src", "test", "resources", "t5");
    private static final double EPSILON = 1e-4;
    private static final Routing ADAPTER = Routing.of("adapter");

    /** {@code T5Attention._relative_position_bucket} of Transformers 5.18, 32 buckets, 128. */
    private static final int[] BOTH = {15, 15, 15, 15, 14, 11, 10, 8, 8, 7, 1, 0, 17, 24, 28, 31};

    private static final int[] BACK = {31, 31, 31, 29, 26, 18, 16, 9, 8, 7, 1, 0, 0, 0, 0, 0};

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "gated", "resaved", "shared"})
    void encoderAndLogits_areThoseOfTransformers_withTheAdapterAndMerged(String name)
            throws IOException {
        try (PretrainedModel model = load(name)) {
            LoraModel lora = model.lora();
            NDList inputs = inputs(name);
            NDArray mask = inputs.get(1).toType(DataType.FLOAT32, true).expandDims(2); // (B, S, 1)
            NDList read = new NDList(inputs.get(0), inputs.get(1));
            assertClose(
                    expected(name, "encoder"),
                    forward(lora.routed(Routing.none()), read).head().mul(mask));
            assertClose(
                    expected(name, "base_logits"),
                    forward(lora.routed(Routing.none()), inputs).head());
            assertClose(
                    expected(name, "adapter_logits"), forward(lora.routed(ADAPTER), inputs).head());
            try (MergedModel merged = lora.merge(ADAPTER)) {
                assertClose(expected(name, "adapter_logits"), forward(merged, inputs).head());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "gated", "resaved", "shared"})
    void rows_doNotDependOnPaddingOrOnOtherRowsAdapters(String name) throws IOException {
        try (PretrainedModel model = load(name)) {
            LoraModel lora = model.lora();
            NDList inputs = inputs(name);
            NDArray base = expected(name, "base_logits");
            NDArray adapted = expected(name, "adapter_logits");
            NDList left = new NDList(toTheRight(inputs.get(0)), toTheRight(inputs.get(1)));
            left.add(inputs.get(2));
            assertClose(adapted, forward(lora.routed(ADAPTER), left).head());
            Block rows = lora.routed(Routing.rows("adapter", Routing.BASE, "adapter"));
            NDArray mixed = forward(rows, inputs).head();
            assertClose(adapted.get(0), mixed.get(0));
            assertClose(base.get(1), mixed.get(1));
            assertClose(adapted.get(2), mixed.get(2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "gated", "resaved", "shared"})
    void stepByStepWithACache_theLogitsAreTheSame(String name) throws IOException {
        try (PretrainedModel model = load(name)) {
            Block block = model.lora().routed(ADAPTER);
            NDList inputs = inputs(name);
            T5Config config = ((T5ForConditionalGeneration) model.block()).config();
            NDArray states = forward(block, new NDList(inputs.get(0), inputs.get(1))).head();
            Shape none = new Shape(3, config.numHeads(), 0, config.headSize());
            NDList cache = new NDList();
            for (int i = 0; i < 4 * config.numDecoderLayers(); i++) {
                cache.add(manager.zeros(none));
            }
            NDList logits = new NDList();
            long tokens = inputs.get(2).getShape().get(1);
            for (long from = 0; from < tokens; from += 7) {
                NDArray piece =
                        inputs.get(2).get(new NDIndex(":, {}:{}", from, from + 7)); // (B, 7)
                NDList given = new NDList(states, inputs.get(1), piece);
                NDList outputs = forward(block, given.addAll(cache));
                logits.add(outputs.head());
                cache = outputs.subNDList(1);
            }
            assertClose(expected(name, "adapter_logits"), NDArrays.concat(logits, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "gated", "resaved", "shared"})
    void greedyAnswers_areThoseOfTransformers_togetherAndAlone(String name) throws IOException {
        try (PretrainedModel model = load(name)) {
            List<long[]> texts = rows(expected(name, "input_ids"), 0, 0);
            List<long[]> wanted = rows(expected(name, "generated"), 1, 1);
            GenerationOptions options =
                    GenerationOptions.greedy(16).withStopIds(model.tokens().stops());
            int arrays = model.manager().getManagedArrays().size();
            List<long[]> together =
                    EncoderDecoderGenerator.of(model, ADAPTER)
                            .generate(texts, options, TokenListener.NONE);
            List<Integer> widths = new ArrayList<>();
            EncoderDecoderGenerator mixed =
                    EncoderDecoderGenerator.byRow(
                            names -> {
                                widths.add(names.size());
                                return model.lora().routed(Routing.rows(names));
                            },
                            model.encoderDecoder(),
                            model.manager());
            List<String> adapters = List.of("adapter", Routing.BASE, "adapter");
            List<long[]> byRow = mixed.generate(texts, adapters, options, TokenListener.NONE);
            for (int i = 0; i < texts.size(); i++) {
                assertArrayEquals(wanted.get(i), together.get(i));
                List<long[]> alone =
                        EncoderDecoderGenerator.of(model, i == 1 ? Routing.none() : ADAPTER)
                                .generate(List.of(texts.get(i)), options, TokenListener.NONE);
                assertArrayEquals(alone.get(0), byRow.get(i));
            }
            assertArrayEquals(wanted.get(2), byRow.get(2));
            // The encoder reads all texts; then a row is computed until it ends.
            int steps = byRow.stream().mapToInt(row -> Math.min(16, row.length + 1)).sum();
            assertEquals(texts.size() + steps, widths.stream().mapToInt(width -> width).sum());
            assertEquals(arrays, model.manager().getManagedArrays().size());
        }
    }

    @Test
    void aBaseThatIsNoEncoderWithADecoder_doesNotAnswer() throws IOException {
        Path llama = Path.of("src/test/resources/cases/llama-tied-embed/base");
        try (PretrainedModel model = PretrainedModel.load(llama)) {
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () -> EncoderDecoderGenerator.of(model, Routing.none()));
            assertEquals("NotEncoderDecoder", error.code());
        }
    }

    @Test
    void inputsOfOtherShapes_areErrorsThatNameThem() throws IOException {
        try (PretrainedModel model = load("relu")) {
            Block block = model.lora().routed(Routing.none());
            NDList inputs = inputs("relu");
            NDArray ids = inputs.get(0);
            NDArray mask = inputs.get(1);
            NDArray narrow = mask.get(":, 1:");
            refused(block, new NDList(ids), "1 arrays");
            refused(block, new NDList(ids, mask, inputs.get(2), mask), "4 arrays");
            refused(block, new NDList(ids.get(0), mask), "token ids of shape (30)");
            refused(block, new NDList(ids, narrow), "a mask of shape (3, 29)");
            refused(block, new NDList(ids, mask, inputs.get(2).get("1:")), "(3, tokens)");
        }
    }

    private void refused(Block block, NDList inputs, String part) {
        LoraException error = assertThrows(LoraException.class, () -> forward(block, inputs));
        assertEquals("EncoderDecoderInputs", error.code());
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }

    /** Returns the rows of ids from a place on, up to the first token that ends a text. */
    private static List<long[]> rows(NDArray ids, int from, long last) {
        int width = (int) ids.getShape().get(1);
        long[] all = ids.toLongArray();
        List<long[]> rows = new ArrayList<>();
        for (int start = 0; start < all.length; start += width) {
            int end = start + from;
            while (end < start + width && all[end] != last) {
                end++;
            }
            rows.add(Arrays.copyOfRange(all, start + from, end));
        }
        return rows;
    }

    @Test
    void buckets_areThoseOfTransformers() {
        RelativeBuckets both = new RelativeBuckets(32, 128, true);
        RelativeBuckets back = new RelativeBuckets(32, 128, false);
        int[] distances = {-300, -128, -127, -91, -64, -23, -16, -9, -8, -7, -1, 0, 1, 8, 45, 200};
        int[] ofBoth = new int[distances.length];
        int[] ofBack = new int[distances.length];
        for (int i = 0; i < distances.length; i++) {
            ofBoth[i] = both.bucket(distances[i]);
            ofBack[i] = back.bucket(distances[i]);
        }
        assertArrayEquals(BOTH, ofBoth);
        assertArrayEquals(BACK, ofBack);
    }

    private static PretrainedModel load(String name) throws IOException {
        PretrainedModel model = PretrainedModel.load(FOLDER.resolve(name).resolve("base"));
        model.lora().load("adapter", FOLDER.resolve(name).resolve("adapter"));
        return model;
    }

    private NDList inputs(String name) throws IOException {
        return new NDList(
                expected(name, "input_ids"),
                expected(name, "attention_mask"),
                expected(name, "decoder_input_ids"));
    }

    private NDArray expected(String name, String tensor) throws IOException {
        Path file = FOLDER.resolve(name).resolve("expected.safetensors");
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            return reader.read(tensor, manager);
        }
    }

    /** Moves what is padded on the right (zeros) so that it is padded on the left. */
    private NDArray toTheRight(NDArray rows) {
        int batch = (int) rows.getShape().get(0);
        int width = (int) rows.getShape().get(1);
        long[] from = rows.toLongArray();
        long[] to = new long[from.length];
        for (int row = 0; row < batch; row++) {
            int length = width;
            while (from[row * width + length - 1] == 0) {
                length--;
            }
            System.arraycopy(from, row * width, to, (row + 1) * width - length, length);
        }
        return manager.create(to, new Shape(batch, width));
    }

    private NDList forward(Block block, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false);
    }

    private static void assertClose(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        float[] b = expected.toFloatArray();
        float[] a = actual.toFloatArray();
        for (int i = 0; i < b.length; i++) {
            if (!(Math.abs(a[i] - b[i]) <= EPSILON * (1 + Math.abs(b[i])))) {
                fail("element " + i + ": " + a[i] + " is not " + b[i]);
            }
        }
    }
}
