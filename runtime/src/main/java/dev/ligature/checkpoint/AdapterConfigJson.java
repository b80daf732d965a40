package dev.ligature.checkpoint;

import dev.ligature.config.LoraConfig;
import dev.ligature.internal.json.JsonFile;
import dev.ligature.internal.peft.AdapterConfigReader;
import dev.ligature.internal.peft.AdapterConfigWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * PEFT's {@code adapter_config.json}.
 *
 * <p>Reading is strict: a key that is there twice, a value of the wrong type or text after the
 * object is an error. A field of PEFT that Ligature does not implement is refused by name, unless
 * its value is PEFT's default. One that PEFT 0.21 does not know is kept apart, as {@link
 * dev.ligature.config.PeftMetadata#unknownFields}, unless it is nearly the name of one that it
 * does, or its value is null, false or empty. {@code inference_mode} says nothing of a file, since
 * PEFT always writes true: whether an adapter is trained is decided by how it is loaded.
 *
 * <p>Writing gives the fields that PEFT 0.21 writes, sorted, so that PEFT loads the file. The
 * members of {@code rank_pattern} and {@code alpha_pattern} keep their order, because the first
 * that matches decides; PEFT sorts them, which can change what the adapter is.
 */
public final class AdapterConfigJson {
    /** The name of the file in an adapter directory. */
    public static final String FILE_NAME = "adapter_config.json";

    private AdapterConfigJson() {}

    /**
     * Reads a file.
     *
     * @param file the file, {@code adapter_config.json}
     * @throws CheckpointException if the file is malformed, or asks for what is not supported
     * @throws IOException if the file cannot be read
     */
    public static LoraConfig read(Path file) throws IOException {
        Objects.requireNonNull(file, "file");
        return parse(JsonFile.text(file), file.toString());
    }

    /**
     * Reads a text.
     *
     * @param json the text
     * @param origin where it is from, for messages
     * @throws CheckpointException if the text is malformed, or asks for what is not supported
     */
    public static LoraConfig parse(String json, String origin) throws CheckpointException {
        Objects.requireNonNull(json, "json");
        Objects.requireNonNull(origin, "origin");
        return AdapterConfigReader.read(json, origin);
    }

    /** Returns the text of a file that PEFT loads. */
    public static String write(LoraConfig config) {
        return AdapterConfigWriter.write(config);
    }
}
