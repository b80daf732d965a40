package dev.ligature.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.LoraModel;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import dev.ligature.plan.LoraPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Encoders compute what Transformers and PEFT compute. */
final class EncoderCasesTest {
    private static final Routing ADAPTER = Routing.of("adapter");

    @TempDir Path folder;

    static List<String> names() throws IOException {
        return EncoderCase.names();
    }

    @Test
    void allCases_areThere() throws IOException {
        assertEquals(14, EncoderCase.names().size());
    }

    @ParameterizedTest
    @MethodSource("names")
    void outputs_areThoseOfTransformersAndPeft_mergedToo(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = load(reference)) {
            LoraModel lora = model.lora();
            NDList inputs = reference.inputs();

            EncoderCase.assertClose(
                    reference.expected("base"),
                    reference.forward(lora.routed(Routing.none()), inputs));
            EncoderCase.assertClose(
                    reference.expected("adapter"), reference.forward(lora.routed(ADAPTER), inputs));
            try (MergedModel merged = lora.merge(ADAPTER, MergeOptions.SAFE)) {
                EncoderCase.assertClose(
                        reference.expected("adapter"), reference.forward(merged, inputs));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void rows_giveWhatTheyGiveAlone_whereverTheirPaddingIs(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = load(reference)) {
            NDList right = reference.inputs();
            NDArray together = reference.forward(model.lora().routed(ADAPTER), right);
            NDArray left = reference.forward(model.lora().routed(ADAPTER), onTheLeft(right));
            long tokens = right.get(0).getShape().get(1);
            for (int row = 0; row < together.getShape().get(0); row++) {
                long length = right.get(1).get(row).sum().getLong();
                NDList alone = new NDList();
                for (NDArray input : right) {
                    alone.add(input.get(new NDIndex("{}:{}, :{}", row, row + 1, length)));
                }
                NDArray expected = reference.forward(model.lora().routed(ADAPTER), alone);
                boolean perToken = expected.getShape().dimension() == 3;
                EncoderCase.assertClose(expected, row(together, row, 0, length, perToken));
                EncoderCase.assertClose(
                        expected, row(left, row, tokens - length, tokens, perToken));
            }
        }
    }

    private static NDArray row(NDArray all, int row, long from, long to, boolean perToken) {
        return perToken
                ? all.get(new NDIndex("{}:{}, {}:{}", row, row + 1, from, to))
                : all.get(new NDIndex("{}:{}", row, row + 1));
    }

    /** Moves the padding of each row to its beginning. */
    private static NDList onTheLeft(NDList right) {
        long tokens = right.get(0).getShape().get(1);
        NDList left = new NDList();
        for (NDArray input : right) {
            NDList rows = new NDList();
            for (int row = 0; row < input.getShape().get(0); row++) {
                long length = right.get(1).get(row).sum().getLong();
                NDArray line = input.get(row);
                rows.add(
                        length == tokens
                                ? line
                                : NDArrays.concat(
                                        new NDList(
                                                line.get(new NDIndex("{}:", length)),
                                                line.get(new NDIndex(":{}", length)))));
            }
            left.add(NDArrays.stack(rows));
        }
        return left;
    }

    @ParameterizedTest
    @MethodSource("names")
    void rowsOfOneBatch_goThroughDifferentAdapters(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = load(reference)) {
            NDArray mixed =
                    reference.forward(
                            model.lora().routed(Routing.rows("adapter", Routing.BASE, "adapter")),
                            reference.inputs());

            for (int row = 0; row < 3; row++) {
                String through = row == 1 ? "base" : "adapter";
                EncoderCase.assertClose(reference.expected(through).get(row), mixed.get(row));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aSavedAdapter_hasPeftsKeys(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = load(reference)) {
            Path saved = folder.resolve("saved");
            model.lora().save("adapter", saved);
            assertEquals(keys(reference.adapter()), keys(saved));
        }
    }

    private static Set<String> keys(Path adapter) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(adapter.resolve("adapter_model.safetensors"))) {
            Set<String> keys = new TreeSet<>(file.tensors().keySet());
            keys.removeIf(key -> key.endsWith("base_layer.weight"));
            return keys;
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aMergedBase_isWrittenUnderTheNamesOfItsFile_andLoads(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = load(reference)) {
            Path output = folder.resolve("merged");
            try (MergedModel merged = model.lora().merge(ADAPTER, MergeOptions.SAFE);
                    BaseCheckpoint checkpoint = model.checkpoint()) {
                merged.export(checkpoint, output, ExportOptions.defaults());
            }
            try (BaseCheckpoint before = model.checkpoint();
                    BaseCheckpoint after = BaseCheckpoint.open(output)) {
                assertEquals(before.tensorNames(), after.tensorNames());
            }
            try (PretrainedModel loaded = PretrainedModel.load(output)) {
                EncoderCase.assertClose(
                        reference.expected("adapter"),
                        reference.forward(loaded.lora(), reference.inputs()));
            }
        }
    }

    @Test
    void aSavedClassifier_isReadWithoutAWarningAboutTheOtherNameThatPeftLists() throws IOException {
        try (EncoderCase reference = new EncoderCase("bert-sequence");
                PretrainedModel model = load(reference)) {
            LoraPlan plan = model.lora().adapter("adapter").plan();
            assertEquals(
                    List.of("classifier.weight", "classifier.bias"),
                    plan.replacements().stream()
                            .map(copy -> copy.readers().get(0).name())
                            .toList());
            assertEquals(List.of(), plan.warnings());
        }
    }

    private static PretrainedModel load(EncoderCase reference) throws IOException {
        PretrainedModel model = PretrainedModel.load(reference.base());
        model.loadAdapter("adapter", reference.adapter(), AdapterLoadOptions.defaults());
        return model;
    }
}
