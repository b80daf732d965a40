package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import dev.ligature.LoraException;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.ops.WeightPrecision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What does not fit is refused by name, and leaves the model as it was. */
class BaseCheckpointRefusalTest {
    private static final String INDEX = "model.safetensors.index.json";

    private NDManager manager;
    private final Map<String, NDArray> tensors = new TreeMap<>();
    @TempDir private Path directory;
    @TempDir private Path elsewhere;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        tensors.put("embed.weight", manager.arange(15f).reshape(5, 3));
        tensors.put("proj.weight", manager.arange(6f).reshape(2, 3));
        tensors.put("proj.bias", manager.ones(new Shape(2)));
        tensors.put("norm.weight", manager.ones(new Shape(3)));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void weightsBiasesAndGains_areFoundByTheirType() throws IOException {
        NamedBlocks model = model();
        load(model);
        assertArrayEquals(
                new float[] {0, 1, 2, 3, 4, 5}, parameter(model, "proj", 0).toFloatArray());
        assertArrayEquals(new float[] {1, 1}, parameter(model, "proj", 1).toFloatArray());
        assertArrayEquals(new float[] {1, 1, 1}, parameter(model, "norm", 0).toFloatArray());
    }

    @Test
    void missingAndSurplusTensors_areNamed() {
        tensors.put("proj.wieght", manager.ones(new Shape(2, 3)));
        tensors.remove("proj.weight");
        refused("TensorsMissing", "no tensor proj.weight.", "Did you mean proj.wieght?");
        tensors.put("proj.weight", manager.ones(new Shape(2, 3)));
        refused("TensorsSurplus", "no place for proj.wieght.");
    }

    @Test
    void weightsInFewerBits_needTheEnginesModule_andTheModelStaysNew() throws IOException {
        NamedBlocks model = model();
        LoadOptions packed = LoadOptions.defaults().withWeights(WeightPrecision.INT8);
        save();
        LoraException error = assertThrows(LoraException.class, () -> loadSaved(model, packed));
        assertEquals("LoraPackingMissing", error.code());
        assertTrue(error.getMessage().contains("INT8"), error.getMessage());
        assertTrue(error.getMessage().contains("ligature-pytorch"), error.getMessage());
        loadSaved(model, LoadOptions.defaults());
    }

    @Test
    void aShapeThatDiffers_isNamedWithBoth() {
        tensors.put("proj.weight", manager.ones(new Shape(2, 4)));
        refused("TensorShape", "proj.weight is (2, 4) instead of (2, 3)");
    }

    @Test
    void aDataTypeThatNoWeightHas_isRefused() {
        tensors.put("norm.weight", manager.ones(new Shape(3), DataType.INT64));
        refused("TensorDtype", "'norm.weight' has the data type I64");
    }

    @Test
    void aRefusedModel_canStillBeLoadedOrInitialised() throws IOException {
        NamedBlocks model = model();
        tensors.put("proj.weight", manager.ones(new Shape(2, 4)));
        save();
        Refusal.of("TensorShape", () -> loadSaved(model, LoadOptions.defaults()));
        for (Parameter parameter : model.getParameters().values()) {
            assertFalse(parameter.isInitialized());
            assertTrue(parameter.requiresGradient());
        }
        tensors.put("proj.weight", manager.ones(new Shape(2, 3)));
        load(model);
        assertFalse(model.parameter("norm").requiresGradient());
    }

    @Test
    void whatWasReadAhead_isReportedByTheLoad_andLeavesTheModel() throws IOException {
        NamedBlocks model = model();
        tensors.put("proj.bias", manager.create(new float[] {1, Float.NaN}));
        save();
        int before = manager.getManagedArrays().size();
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.readAhead(LoadOptions.defaults());
            Refusal.of(
                    "TensorNotFinite",
                    () ->
                            checkpoint.load(
                                    model,
                                    NamedBlocks.VISIT,
                                    manager,
                                    LoadOptions.defaults(),
                                    new Shape(1, 4)),
                    "element 1 of 'proj.bias'");
        }
        assertEquals(before, manager.getManagedArrays().size());
        tensors.put("proj.bias", manager.create(new float[] {1, 2}));
        save();
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.readAhead(LoadOptions.defaults());
            checkpoint.load(
                    model, NamedBlocks.VISIT, manager, LoadOptions.defaults(), new Shape(1, 4));
        }
        assertArrayEquals(new float[] {1, 2}, parameter(model, "proj", 1).toFloatArray());
    }

    @Test
    void loadingLeavesNoArrayButTheParameters() throws IOException {
        save();
        int before = manager.getManagedArrays().size();
        loadSaved(model(), LoadOptions.defaults().withDataType(DataType.FLOAT64));
        assertEquals(before + 4, manager.getManagedArrays().size());
    }

    @Test
    void tensorsNamedInTheOptions_needNoPlace() throws IOException {
        tensors.put("layers.3.rotary_emb.inv_freq", manager.ones(new Shape(2)));
        save();
        loadSaved(model(), LoadOptions.defaults().ignore("*.rotary_emb.inv_freq"));
        Refusal.of(
                "TensorsSurplus",
                () -> loadSaved(model(), LoadOptions.defaults().ignore("rotary*")),
                "inv_freq");
    }

    @Test
    void theHeadsCopyOfATiedWeight_isAcceptedIfEqual() throws IOException {
        tensors.put("head.weight", tensors.get("embed.weight").duplicate());
        load(model());
        tensors.remove("embed.weight");
        NamedBlocks model = model();
        load(model);
        assertEquals(14f, parameter(model, "embed", 0).getFloat(4, 2));
    }

    @Test
    void aHeadThatDiffersFromItsSource_isRefusedWithTheDifference() {
        NDArray copy = tensors.get("embed.weight").duplicate();
        copy.set(new NDIndex("4, 2"), manager.create(14.5f));
        tensors.put("head.weight", copy);
        refused(
                "TiedCopiesDiffer",
                "'embed.weight' and 'head.weight'",
                "at most by 0.5",
                "tie_word_embeddings",
                "preferCopyOf");
    }

    @Test
    void whereTheCopiesDiffer_theChosenOneIsReadByAll() throws IOException {
        NDArray copy = tensors.get("embed.weight").duplicate();
        copy.set(new NDIndex("4, 2"), manager.create(14.5f));
        tensors.put("head.weight", copy);
        save();
        for (String[] choice : new String[][] {{"head.weight", "14.5"}, {"embed.*", "14"}}) {
            NamedBlocks model = model();
            loadSaved(model, LoadOptions.defaults().preferCopyOf(choice[0]));
            assertEquals(Float.parseFloat(choice[1]), parameter(model, "embed", 0).getFloat(4, 2));
        }
        Refusal.of(
                "TiedCopiesDiffer",
                () -> loadSaved(model(), LoadOptions.defaults().preferCopyOf("proj.weight")));
    }

    @Test
    void aTensorThatMayBeMissing_startsAsItsBlockSays() throws IOException {
        tensors.remove("proj.weight");
        tensors.remove("proj.bias");
        save();
        LoadOptions options = LoadOptions.defaults().allowMissing("proj.*");
        NamedBlocks model = model();
        loadSaved(model, options.trainable());
        NDArray weight = parameter(model, "proj", 0);
        assertEquals(new Shape(2, 3), weight.getShape());
        assertEquals(DataType.FLOAT32, weight.getDataType());
        assertTrue(weight.abs().sum().getFloat() > 0);
        assertArrayEquals(new float[2], parameter(model, "proj", 1).toFloatArray());
        assertArrayEquals(new float[] {1, 1, 1}, parameter(model, "norm", 0).toFloatArray());
        tensors.remove("norm.weight");
        save();
        Refusal.of("TensorsMissing", () -> loadSaved(model(), options), "norm.weight");
    }

    @Test
    void aTensorOfAnotherShape_mayBeLeftOutByName() throws IOException {
        tensors.put("proj.weight", manager.ones(new Shape(7, 3)));
        save();
        int before = manager.getManagedArrays().size();
        NamedBlocks model = model();
        loadSaved(model, LoadOptions.defaults().allowMissing("proj.weight"));
        assertEquals(new Shape(2, 3), parameter(model, "proj", 0).getShape());
        assertEquals(before + 4, manager.getManagedArrays().size());
        Refusal.of(
                "TensorShape",
                () -> loadSaved(model(), LoadOptions.defaults().allowMissing("proj.bias")),
                "proj.weight is (7, 3)",
                "allowMissing");
    }

    @Test
    void aParameterWithoutAnnotation_isNamed() throws IOException {
        NamedBlocks model = model().unnamed("extra", new NamedBlocks.Norm(3), new Shape(1, 3));
        save();
        LoraException error =
                assertThrows(LoraException.class, () -> loadSaved(model, LoadOptions.defaults()));
        assertEquals("LoraParameterUncovered", error.code());
        assertTrue(String.valueOf(error.getMessage()).contains("extra_gain"), error::getMessage);
    }

    @Test
    void aModelWithValues_isNotLoadedOver() throws IOException {
        NamedBlocks model = model();
        load(model);
        LoraException error = assertThrows(LoraException.class, () -> load(model));
        assertEquals("LoraAlreadyInitialized", error.code());
    }

    @Test
    void whatIsNoCheckpoint_isRefused() throws IOException {
        Refusal.of(
                "CheckpointMissing",
                () -> BaseCheckpoint.open(directory.resolve("none")),
                "does not exist");
        Refusal.of("CheckpointMissing", () -> BaseCheckpoint.open(directory), "neither");
        Files.writeString(directory.resolve("pytorch_model.bin"), "x");
        Refusal.of("CheckpointPickled", () -> BaseCheckpoint.open(directory), "pytorch_model.bin");
    }

    @Test
    void anIndexThatDoesNotFitItsShards_isRefused() throws IOException {
        Path shards = TestFiles.copy(TestFiles.resource("checkpoint/sharded-bf16"), directory);
        Path index = shards.resolve(INDEX);
        String good = Files.readString(index);
        String third = "model-00003-of-00003.safetensors";
        String norm = "\"model.norm.weight\": \"" + third + "\"";
        index(good.replace(norm, norm.replace("00003-of", "00002-of")), "model.norm.weight");
        index(good.replace(",\n    " + norm, ""), "does not list model.norm.weight in " + third);
        index(good.replace(norm, norm + "," + norm), "'model.norm.weight' twice");
        index(
                good.replace(norm, "\"model.norm.weight\": 3"),
                "'model.norm.weight' is 3, not a text");
        index(good.replace("weight_map", "weight_maps"), "no weight_map");
        index(good.substring(0, 100), "cannot be read");
        index(good + "{}", "cannot be read");
        Files.writeString(index, good.replace(third, "../" + third));
        Refusal.of("CheckpointPath", () -> BaseCheckpoint.open(shards), "'../" + third + "'");
        Files.writeString(index, good);
        Files.move(shards.resolve(third), elsewhere.resolve(third));
        Refusal.of("CheckpointMissing", () -> BaseCheckpoint.open(shards), third);
        Files.createSymbolicLink(shards.resolve(third), elsewhere.resolve(third));
        Refusal.of("CheckpointLink", () -> BaseCheckpoint.open(shards), third);
    }

    private void index(String json, String part) throws IOException {
        Files.writeString(directory.resolve(INDEX), json);
        Refusal.of("CheckpointIndex", () -> BaseCheckpoint.open(directory), INDEX, part);
    }

    private static NamedBlocks model() {
        TokenEmbedding embedding = new TokenEmbedding(5, 3);
        return new NamedBlocks()
                .with("embed", embedding, new Shape(1, 1))
                .with("proj", Linear.builder().setUnits(2).build(), new Shape(1, 3))
                .norm("norm", 3)
                .with("head", new TiedLinear(embedding), new Shape(1, 3));
    }

    private static NDArray parameter(NamedBlocks model, String name, int index) {
        return model.module(name).getDirectParameters().get(index).getValue().getArray();
    }

    private void save() throws IOException {
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of());
    }

    private void load(NamedBlocks model) throws IOException {
        save();
        loadSaved(model, LoadOptions.defaults());
    }

    private void loadSaved(NamedBlocks model, LoadOptions options) throws IOException {
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.load(model, NamedBlocks.VISIT, manager, options, new Shape(1, 4));
        }
    }

    private void refused(String code, String... parts) {
        String message = Refusal.of(code, () -> load(model()), parts);
        assertTrue(message.contains(directory.toString()), message);
    }
}
