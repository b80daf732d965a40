package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.peft.BaseOfTests;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.plan.LoraPlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a file holds, reading it ends with a checked error or with what is in it; it neither
 * hangs nor takes memory out of proportion, and the JVM lives on.
 */
class HostileFilesTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int ROUNDS = SOAK ? 20_000 : 600;
    private static final int LARGEST = SOAK ? 1_000_000 : 100_000;

    /**
     * Each name of a list becomes a few objects, and each pattern of a map is compiled and tried on
     * each module; what is kept of it is far less.
     */
    private static final long BYTES_PER_BYTE = 4000;

    private static final List<String> ADAPTERS =
            List.of("tied", "flag-off", "bf16", "diverged", "dora", "saved-module", "tokens");

    @TempDir private Path directory;
    private NDManager manager;
    private GuardedRun run;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        run = new GuardedRun(BYTES_PER_BYTE);
    }

    @AfterEach
    void close() {
        run.close();
        manager.close();
    }

    @Test
    void aDamagedSafetensorsFile_isRefusedOrReadAsItIs() throws IOException {
        List<byte[]> files =
                List.of(
                        bytes("checkpoint/dtypes.safetensors"),
                        bytes("checkpoint/adapters/tied/" + AdapterDirectory.WEIGHTS),
                        bytes("checkpoint/adapters/bf16/" + AdapterDirectory.WEIGHTS));
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] whole = files.get(random.nextInt(files.size()));
            byte[] damaged = new HostileTensors(random, LARGEST).damaged(whole);
            Path file = write("x.safetensors", damaged);
            run.run("seed " + seed, damaged.length, () -> readAll(file, damaged));
        }
        assertBothEndings();
    }

    @Test
    void aDamagedAdapterConfig_isRefusedOrRead() throws IOException {
        List<JsonObject> configs =
                List.of(
                        object("adapter-config/peft-most.json"),
                        object("adapter-config/peft-expression.json"),
                        object("adapter-config/llama-tied-embed.json"));
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            HostileJson json = new HostileJson(random, LARGEST);
            String text = json.damagedObject(configs.get(random.nextInt(configs.size())));
            Path file = write(AdapterConfigJson.FILE_NAME, encoded(text, random));
            run.run(
                    "seed " + seed,
                    text.length(),
                    () -> ending(() -> AdapterConfigJson.read(file)));
        }
        assertBothEndings();
    }

    @Test
    void aDamagedAdapter_isRefusedOrLoaded_andLeavesNoArrayWhenRefused() throws IOException {
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            Path valid =
                    TestFiles.resource(
                            "checkpoint/adapters/" + ADAPTERS.get(random.nextInt(ADAPTERS.size())));
            byte[] weights = Files.readAllBytes(valid.resolve(AdapterDirectory.WEIGHTS));
            byte[] config = Files.readAllBytes(valid.resolve(AdapterConfigJson.FILE_NAME));
            if (random.nextBoolean()) {
                weights = new HostileTensors(random, LARGEST).damaged(weights);
            } else {
                JsonObject object =
                        JsonParser.parseString(new String(config, StandardCharsets.UTF_8))
                                .getAsJsonObject();
                config =
                        new HostileJson(random, LARGEST)
                                .damagedObject(object)
                                .getBytes(StandardCharsets.UTF_8);
            }
            write(AdapterDirectory.WEIGHTS, weights);
            write(AdapterConfigJson.FILE_NAME, config);
            run.run("seed " + seed, weights.length + config.length, this::load);
        }
        assertBothEndings();
    }

    @Test
    void aDamagedIndexOfShards_isRefusedOrRead() throws IOException {
        Path valid = TestFiles.resource("checkpoint/sharded-bf16");
        JsonObject index = object("checkpoint/sharded-bf16/" + ShardedTensors.INDEX);
        JsonObject map = index.getAsJsonObject("weight_map");
        for (Path file : TestFiles.files(valid)) {
            Files.copy(file, directory.resolve(file.getFileName()));
        }
        for (int seed = 0; seed < ROUNDS / 4; seed++) {
            Random random = new Random(seed);
            HostileJson json = new HostileJson(random, LARGEST);
            String text =
                    random.nextBoolean()
                            ? json.damagedObject(index)
                            : "{\"weight_map\":" + json.damagedObject(map) + "}";
            write(ShardedTensors.INDEX, encoded(text, random));
            run.run(
                    "seed " + seed,
                    text.length() + 20_000,
                    () -> ending(() -> ShardedTensors.open(directory).close()));
        }
        assertBothEndings();
    }

    @Test
    void aConfigOfManyOrLongEntries_isRefusedOrLoaded() throws IOException {
        Path valid = TestFiles.resource("checkpoint/adapters/tied");
        Files.copy(
                valid.resolve(AdapterDirectory.WEIGHTS),
                directory.resolve(AdapterDirectory.WEIGHTS));
        int count = SOAK ? 100_000 : 3_000;
        int length = SOAK ? 15 << 20 : 1 << 18;
        String names = many("\"x%d\"", count - 2);
        List<String> configs =
                List.of(
                        "'target_modules':[" + names + ",'q_proj']",
                        "'target_modules':['q_proj'],'exclude_modules':[" + names + "]",
                        "'target_modules':['q_proj'],'rank_pattern':{"
                                + many("\"x%d\":3", count)
                                + "}",
                        "'target_modules':['q_proj'],'layers_to_transform':[0],'layers_pattern':["
                                + many("\"x%d\"", 1000)
                                + "]",
                        "'target_modules':['q_proj'],'layers_to_transform':[1"
                                + ",0".repeat(count - 1)
                                + "]",
                        "'target_modules':'" + "a|".repeat(count) + "'",
                        "'target_modules':'" + "(".repeat(count) + ")".repeat(count) + "'",
                        "'target_modules':['" + "k".repeat(length) + "']",
                        "'target_modules':['q_proj'],'" + "k".repeat(length) + "':1",
                        "'target_modules':['q_proj'],'"
                                + "k".repeat(length / 2)
                                + "':{"
                                + many("\"%d\":1", length / 32)
                                + "}");
        for (String config : configs) {
            String text = "{'peft_type':'LORA','r':3," + config + "}";
            write(
                    AdapterConfigJson.FILE_NAME,
                    text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
            run.run(config.substring(0, 40), text.length(), this::load);
        }
        assertEquals(
                Set.of("AdapterKeyUnknown", "LoraNothingTargeted", "LoraRegex"),
                run.endings().keySet());
    }

    private static String many(String format, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> format.replace("%d", Integer.toString(i)))
                .collect(Collectors.joining(","));
    }

    private interface Reading {
        void run() throws IOException;
    }

    private static String ending(Reading reading) throws IOException {
        try {
            reading.run();
            return "read";
        } catch (CheckpointException e) {
            assertTrue(String.valueOf(e.getMessage()).length() < 5000, e.code());
            return e.code();
        } catch (LoraException e) {
            return e.code();
        }
    }

    private String readAll(Path file, byte[] content) throws IOException {
        return ending(
                () -> {
                    try (SafetensorsReader reader = SafetensorsReader.open(file);
                            NDManager arrays = manager.newSubManager()) {
                        long covered = 0;
                        for (TensorInfo tensor : reader.tensors().values()) {
                            assertEquals(tensor.shape().size(), tensor.size());
                            covered += tensor.byteCount();
                            assertBytes(reader, tensor, content);
                        }
                        assertTrue(covered <= content.length);
                        for (TensorInfo tensor : reader.tensors().values()) {
                            if (tensor.dtype().arrayType().isPresent()) {
                                assertArrays(reader, tensor, arrays);
                            }
                        }
                    }
                });
    }

    private static void assertBytes(SafetensorsReader reader, TensorInfo tensor, byte[] content)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteCount());
        reader.readBytes(tensor, 0, bytes);
        int begin = (int) tensor.offset();
        int end = begin + (int) tensor.byteCount();
        assertTrue(Arrays.equals(bytes.array(), Arrays.copyOfRange(content, begin, end)));
    }

    private static void assertArrays(SafetensorsReader reader, TensorInfo tensor, NDManager arrays)
            throws IOException {
        try (NDArray read = reader.read(tensor.name(), arrays);
                NDArray mapped = reader.map(tensor.name(), arrays)) {
            assertEquals(tensor.shape(), read.getShape());
            assertTrue(Arrays.equals(bytesOf(read), bytesOf(mapped)));
        }
    }

    private static byte[] bytesOf(NDArray array) {
        ByteBuffer buffer = array.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private String load() throws IOException {
        int before = manager.getManagedArrays().size();
        try (NDManager arrays = manager.newSubManager()) {
            String ending =
                    ending(
                            () -> {
                                AdapterDirectory adapter = AdapterDirectory.open(directory);
                                LoraPlan plan =
                                        PlanResolver.resolveForLoading(
                                                adapter.config(), LlamaLayout.tied());
                                BaseOfTests.read(adapter, plan, LlamaLayout.tied(), arrays);
                            });
            if (!ending.equals("read")) {
                assertEquals(0, arrays.getManagedArrays().size(), ending);
            }
            return ending;
        } finally {
            assertEquals(before, manager.getManagedArrays().size());
        }
    }

    /** Asserts that the damage was neither too light nor too heavy to show anything. */
    private void assertBothEndings() {
        int read = run.endings().getOrDefault("read", 0);
        int all = run.endings().values().stream().mapToInt(Integer::intValue).sum();
        assertTrue(read > all / 100 && read < all / 2, run.toString());
        assertTrue(run.endings().size() >= 3, run.toString());
        if (SOAK) {
            System.out.println(run);
        }
    }

    /**
     * Returns the bytes of a text: in UTF-8 mostly, sometimes with a mark or in another encoding.
     */
    private static byte[] encoded(String text, Random random) {
        return switch (random.nextInt(30)) {
            case 0 -> ("\ufeff" + text).getBytes(StandardCharsets.UTF_8);
            case 1 -> text.getBytes(StandardCharsets.UTF_16);
            case 2 -> text.getBytes(StandardCharsets.ISO_8859_1);
            default -> text.getBytes(StandardCharsets.UTF_8);
        };
    }

    private Path write(String name, byte[] content) throws IOException {
        Path file = directory.resolve(name);
        // Deleted first: some file systems wait for the disk when a file is overwritten.
        Files.deleteIfExists(file);
        return Files.write(file, content);
    }

    private static byte[] bytes(String resource) throws IOException {
        return Files.readAllBytes(TestFiles.resource(resource));
    }

    private static JsonObject object(String resource) throws IOException {
        return JsonParser.parseString(Files.readString(TestFiles.resource(resource)))
                .getAsJsonObject();
    }
}
