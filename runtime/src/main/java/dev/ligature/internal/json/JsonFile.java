package dev.ligature.internal.json;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.diag.Message;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A JSON file of a checkpoint's directory, such as {@code config.json}, and the errors about it.
 *
 * @param origin the file, for messages
 * @param wrongType the message of a value of the wrong type: file, field, value, what it must be
 */
public record JsonFile(String origin, Message wrongType)
        implements JsonErrors<CheckpointException> {
    private static final long MAX_BYTES = 16L << 20;

    /** Returns the fields of a document. */
    public static JsonFields<CheckpointException> parse(
            String json, String origin, Message wrongType) throws CheckpointException {
        return JsonFields.parse(
                new StringReader(json), JsonLimits.CONFIGURATION, new JsonFile(origin, wrongType));
    }

    /** Returns the fields of a file. */
    public static JsonFields<CheckpointException> read(Path file, Message wrongType)
            throws IOException {
        return parse(text(file), file.toString(), wrongType);
    }

    /** Returns the text of a configuration, which is not read if it is too large for one. */
    public static String text(Path file) throws IOException {
        // Before it is opened: that would wait for a pipe's other end.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw JsonMessage.NOT_A_FILE.fileError(file);
        }
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw JsonMessage.TOO_LARGE.fileError(file, size, MAX_BYTES);
        }
        try {
            String text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                            .toString();
            if (text.startsWith("version https://git-lfs")) {
                throw JsonMessage.POINTER.fileError(file);
            }
            return text;
        } catch (CharacterCodingException e) {
            throw JsonMessage.NOT_TEXT.fileErrorFrom(e, file);
        }
    }

    @Override
    public CheckpointException malformed(String what, @Nullable Throwable cause) {
        return JsonMessage.MALFORMED.fileErrorFrom(cause, origin, what);
    }

    @Override
    public CheckpointException duplicate(JsonField field) {
        String parent = field.parent();
        return JsonMessage.DUPLICATE.fileError(
                origin, field.name(), parent.isEmpty() ? "" : " of " + parent);
    }

    @Override
    public CheckpointException wrong(JsonField field, @Nullable Object value, String expected) {
        return wrongType.fileError(origin, field, JsonFields.shown(value), expected);
    }
}
