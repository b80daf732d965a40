package dev.ligature.internal.peft;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.TestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights in formats that are not read are named, with the way to one that is. */
class OtherWeightsTest {
    private static final String CONFIG =
            "{\"peft_type\": \"LORA\", \"r\": 8, \"target_modules\": [\"q_proj\"]}";

    @TempDir private Path folder;

    /** Makes a directory with files that have no contents. */
    private Path directory(String... names) throws IOException {
        Path made = Files.createTempDirectory(folder, "made");
        for (String name : names) {
            Files.writeString(made.resolve(name), name.endsWith(".json") ? CONFIG : "x");
        }
        return made;
    }

    private static String refused(String code, Path adapter, String... parts) {
        return Refusal.of(code, () -> AdapterDirectory.open(adapter), parts);
    }

    @Test
    void aPickleOfTorchtune_isNamed_withTheCheckpointerThatWritesSafetensors() throws IOException {
        for (String name : List.of("adapter_0.pt", "adapter_12.pt", "adapter_model.pt")) {
            for (Path adapter :
                    List.of(
                            directory(name, "adapter_config.json"),
                            directory(name),
                            directory(name, "recipe_state.pt", "hf_model_0001_0.pt"))) {
                String message =
                        refused(
                                "CheckpointPickled",
                                adapter,
                                adapter + " has its factors in " + name + ", a pickle of torchtune",
                                "FullModelHFCheckpointer",
                                "safe_serialization: True",
                                "adapter_model.safetensors");
                assertFalse(message.contains("recipe_state"), message);
            }
        }
    }

    @Test
    void aPickleOfPeft_isNamed_alsoNextToOneOfTorchtune() throws IOException {
        for (Path adapter :
                List.of(
                        directory("adapter_model.bin", "adapter_config.json"),
                        directory("adapter_model.bin"),
                        directory("adapter_0.pt", "adapter_model.bin", "adapter_config.json"))) {
            refused(
                    "CheckpointPickled",
                    adapter,
                    "has its factors in adapter_model.bin, a pickle",
                    "Load it with PEFT and save it again, with safe_serialization=True");
        }
        refused(
                "CheckpointPickled",
                directory("pytorch_lora.ckpt", "optimizer.pt", "adapter_config.json"),
                "in pytorch_lora.ckpt");
    }

    @Test
    void otherFormats_areNamed() throws IOException {
        refused(
                "CheckpointFormat",
                directory("adapters.npz", "adapter_config.json"),
                "adapters.npz, arrays of an mlx-lm",
                "mx.save_safetensors");
        refused(
                "CheckpointFormat",
                directory("my-lora.gguf"),
                "my-lora.gguf, a file of llama.cpp, in place of adapter_model.safetensors. Use");
        refused(
                "CheckpointFormat",
                directory("ggml-adapter-model.gguf", "adapter_config.json"),
                "a file of llama.cpp");
        refused(
                "CheckpointFormat",
                directory("pytorch_lora_weights.safetensors", "adapter_config.json"),
                "pytorch_lora_weights.safetensors, a safetensors file of another name",
                "Rename it");
    }

    @Test
    void whatLiesBesideWeights_isNotTakenForThem() throws IOException {
        Path adapter =
                directory(
                        "adapter_config.json",
                        "optimizer.pt",
                        "rng_state.pth",
                        "scheduler.pt",
                        "training_args.bin");
        refused("CheckpointMissing", adapter, "adapter_model.safetensors does not exist");
        Path read =
                TestFiles.copy(
                        TestFiles.resource("checkpoint/adapters/tied"), folder.resolve("read"));
        Files.writeString(read.resolve("adapter_model.bin"), "x");
        Files.writeString(read.resolve("adapter_0.pt"), "x");
        assertTrue(AdapterDirectory.open(read).config().ensureWeightTying());
    }

    @Test
    void ofABase_theyAreNamedToo() throws IOException {
        record Case(String name, String code, String says) {}
        for (Case one :
                List.of(
                        new Case("consolidated.00.pth", "CheckpointPickled", "Transformers"),
                        new Case(
                                "pytorch_model-00001-of-00002.bin",
                                "CheckpointPickled",
                                "save it again"),
                        new Case("model-q4.gguf", "CheckpointFormat", "a file of llama.cpp"),
                        new Case("tf_model.h5", "CheckpointFormat", "TensorFlow or Flax"),
                        new Case("flax_model.msgpack", "CheckpointFormat", "save_pretrained"),
                        new Case(
                                "model-00001-of-00002.safetensors",
                                "CheckpointFormat",
                                "their index"))) {
            Path base = directory(one.name(), "training_args.bin", "config.json");
            Refusal.of(one.code(), () -> BaseCheckpoint.open(base), one.name(), one.says());
        }
    }
}
