package dev.ligature.internal.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files of weights that are not read, because of their format or their name. */
public final class OtherWeights {
    /** What lies beside weights, and ends as they do. */
    private static final Pattern BESIDE =
            Pattern.compile(
                    "(optimizer|scheduler|scaler|training_args|rng_state|random_states|trainer"
                            + "|recipe_state|tokenizer|spiece).*");

    private OtherWeights() {}

    /** The formats, those first that tell most about the tool. */
    public enum Kind {
        /** PEFT's, before it wrote safetensors or where it was asked not to. */
        PEFT_PICKLE("adapter_model\\.bin", "", ""),
        /** torchtune's, in its own names, with a number before its version 0.5. */
        TORCHTUNE_PICKLE("adapter(_model|_\\d+)\\.pt", "", ""),
        /** Any other of PyTorch's. */
        PICKLE(".+\\.(bin|pt|pth|ckpt)", "", ""),
        /** mlx-lm's, before it wrote safetensors. */
        MLX_ARRAYS(
                "adapters\\.npz",
                "arrays of an mlx-lm that wrote no safetensors yet",
                "Load it with mlx and write it as adapters.safetensors by mx.save_safetensors."),
        /** llama.cpp's. */
        GGUF(
                ".+\\.gguf|ggml-.+",
                "a file of llama.cpp",
                "Use the directory that it was converted from."),
        /** TensorFlow's and Flax's. */
        OTHER_FRAMEWORK(
                ".+\\.(h5|msgpack)",
                "weights of TensorFlow or Flax",
                "Load it with Transformers and save it again by save_pretrained."),
        /** What would be read under another name. */
        OTHER_NAME(
                ".+\\.safetensors",
                "a safetensors file of another name",
                "Rename it, if it holds all tensors; or get the others, and their index.");

        private final Pattern names;
        private final String what;
        private final String remedy;

        Kind(String names, String what, String remedy) {
            this.names = Pattern.compile(names);
            this.what = what;
            this.remedy = remedy;
        }

        /** Returns what such a file is, for messages. */
        public String what() {
            return what;
        }

        /** Returns what to do about it. */
        public String remedy() {
            return remedy;
        }
    }

    /** A file of a directory. */
    public record Found(String name, Kind kind) {}

    /** Returns the first such file of a directory, by its kind, then by its name. */
    public static Optional<Found> in(Path directory) throws IOException {
        List<String> names;
        try (Stream<Path> all = Files.list(directory)) {
            names =
                    all.filter(Files::isRegularFile)
                            .map(StagedFile::name)
                            .filter(name -> !BESIDE.matcher(name).matches())
                            .sorted()
                            .toList();
        }
        for (Kind kind : Kind.values()) {
            for (String name : names) {
                if (kind.names.matcher(name).matches()) {
                    return Optional.of(new Found(name, kind));
                }
            }
        }
        return Optional.empty();
    }
}
