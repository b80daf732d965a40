package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import dev.ligature.Adapter;
import dev.ligature.LoraModel;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import dev.ligature.ops.WeightPrecision;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of adapters as people's tools leave them: PEFT's numbers, or an error. */
final class FileCasesTest {
    private static final double EPSILON = 1e-4;
    private static final Routing ADAPTER = Routing.of("adapter");

    @TempDir Path folder;

    static List<FileCase> all() throws IOException {
        List<FileCase> all = new ArrayList<>(FileCase.all("files"));
        all.addAll(FileCase.all("reported"));
        all.addAll(FileCase.all("relatives"));
        return all;
    }

    static List<FileCase> loaded() throws IOException {
        return all().stream().filter(one -> !one.isRefused()).toList();
    }

    static List<FileCase> refused() throws IOException {
        return all().stream().filter(FileCase::isRefused).toList();
    }

    @ParameterizedTest
    @MethodSource("loaded")
    void anAdapterThatLoads_givesPeftsLogits_alsoAfterItWasSaved(FileCase one) throws IOException {
        try (PretrainedModel model = one.open(folder);
                NDManager manager = NDManager.newBaseManager()) {
            LoraModel lora = model.lora();
            NDArray before = one.logits(lora, Routing.none(), manager);
            lora.load("adapter", one.adapter(), one.options());
            NDArray expected = one.expected(manager);
            ReferenceCase.assertClose(expected, one.logits(lora, ADAPTER, manager), EPSILON);
            assertArrayEquals(
                    before.toFloatArray(),
                    one.logits(lora, Routing.none(), manager).toFloatArray());

            Path saved = folder.resolve("saved");
            lora.save("adapter", saved);
            boolean hasBase =
                    lora.adapter("adapter").plan().replacements().stream()
                            .anyMatch(c -> c.reason() == ReplacementPlan.Reason.FILE);
            AdapterLoadOptions again =
                    hasBase ? one.options().onBaseDifference(BaseDifference.FILE) : one.options();
            lora.load("again", saved, again);
            ReferenceCase.assertClose(
                    expected, one.logits(lora, Routing.of("again"), manager), EPSILON);
        }
    }

    @ParameterizedTest
    @MethodSource("loaded")
    void itsMergedWeights_giveThemToo_andSoDoesAMixedBatch(FileCase one) throws IOException {
        try (PretrainedModel model = one.open(folder);
                NDManager manager = NDManager.newBaseManager()) {
            LoraModel lora = model.lora();
            Adapter adapter = lora.load("adapter", one.adapter(), one.options());
            NDArray expected = one.expected(manager);
            NDArray base = one.logits(lora, Routing.none(), manager);
            NDArray mixed = one.logits(lora, Routing.rows("adapter", Routing.BASE), manager);
            ReferenceCase.assertClose(expected.get("0:1"), mixed.get("0:1"), EPSILON);
            ReferenceCase.assertClose(base.get("1:2"), mixed.get("1:2"), EPSILON);
            if (adapter.plan().pairs().stream().anyMatch(PairPlan::loraBias)
                    || adapter.plan().warnings().stream()
                            .anyMatch(warning -> warning.code().equals("LoraTiedWeightSplit"))) {
                return; // it cannot be merged
            }
            try (MergedModel merged = lora.merge(ADAPTER)) {
                ParameterStore store = new ParameterStore(manager, false);
                ReferenceCase.assertClose(
                        expected,
                        merged.forward(store, one.input(manager), false).singletonOrThrow(),
                        EPSILON);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("loaded")
    void itLoads_alsoOverABaseWhoseWeightsAreHeldInFewerBits(FileCase one) throws IOException {
        LoadOptions load = LoadOptions.defaults().withWeights(WeightPrecision.INT8);
        try (PretrainedModel model = one.open(folder, load);
                NDManager manager = NDManager.newBaseManager()) {
            LoraModel lora = model.lora();
            lora.load("adapter", one.adapter(), one.options());
            double[] expected =
                    one.expected(manager).toType(DataType.FLOAT64, true).toDoubleArray();
            float[] found = one.logits(lora, ADAPTER, manager).toFloatArray();
            double gap = 0;
            double length = 0;
            for (int i = 0; i < found.length; i++) {
                gap += Math.pow(found[i] - expected[i], 2);
                length += Math.pow(expected[i], 2);
            }
            assertTrue(gap < 0.02 * length, Math.sqrt(gap / length) + " of PEFT's logits");
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void anAdapterThatDoesNot_saysWhatIsWrong(FileCase one) throws IOException {
        try (PretrainedModel model = one.open(folder)) {
            Exception error =
                    assertThrows(
                            Exception.class,
                            () -> model.lora().load("adapter", one.adapter(), one.options()));
            String code = "[" + one.text("error") + "] ";
            assertTrue(error.getMessage().startsWith(code), error.getMessage());
            for (String part : one.says()) {
                assertTrue(error.getMessage().contains(part), error.getMessage());
            }
            assertFalse(model.lora().hasAdapter("adapter"));
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void itIsRefused_alsoOverABaseWhoseWeightsAreHeldInFewerBits(FileCase one) throws IOException {
        for (WeightPrecision precision : WeightPrecision.values()) {
            LoadOptions load = LoadOptions.defaults().withWeights(precision);
            try (PretrainedModel model = one.open(folder.resolve(precision.name()), load)) {
                Exception error =
                        assertThrows(
                                Exception.class,
                                () -> model.lora().load("adapter", one.adapter(), one.options()));
                String code = "[" + one.text("error") + "] ";
                assertTrue(error.getMessage().startsWith(code), error.getMessage());
            }
        }
    }

    /** Only training drops elements; the logits are those of Transformers. */
    @Test
    void aBaseThatWasTrainedWithDropoutOfAttention_givesTransformersLogits() throws IOException {
        FileCase one = FileCase.all("reported").get(0);
        Path base = one.folder().resolve("bases").resolve("untied");
        Files.copy(base.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        String config = Files.readString(base.resolve("config.json"));
        String dropping =
                config.replace("\"attention_dropout\": 0.0", "\"attention_dropout\": 0.1");
        assertNotEquals(config, dropping);
        Files.writeString(folder.resolve("config.json"), dropping);
        Path numbers = one.folder().resolve("attention-dropout").resolve("expected.safetensors");
        try (PretrainedModel model = PretrainedModel.load(folder);
                NDManager manager = NDManager.newBaseManager();
                SafetensorsReader expected = SafetensorsReader.open(numbers)) {
            NDArray logits = one.logits(model.lora(), Routing.none(), manager);
            ReferenceCase.assertClose(expected.read("logits", manager), logits, EPSILON);
        }
    }

    @ParameterizedTest
    @MethodSource("fromFile")
    void theFilesBase_isNotTrained(FileCase one) throws IOException {
        try (PretrainedModel model = one.open(folder)) {
            Adapter adapter =
                    model.lora().load("adapter", one.adapter(), one.options().trainable());
            boolean has =
                    adapter.plan().replacements().stream()
                            .anyMatch(c -> c.reason() == ReplacementPlan.Reason.FILE);
            assertTrue(has, adapter.plan().report());
            assertFalse(
                    adapter.parameters().keys().stream().anyMatch(k -> k.endsWith("tokens.weight")),
                    adapter.parameters().keys().toString());
        }
    }

    static List<FileCase> fromFile() throws IOException {
        return loaded().stream()
                .filter(one -> one.name().startsWith("changed") && one.name().endsWith("/file"))
                .toList();
    }
}
