package dev.ligature.internal.json;

import dev.ligature.internal.diag.Message;

/** What is reported about a file that is not JSON as it should be. */
enum JsonMessage implements Message {
    NOT_A_FILE("CheckpointMissing", "%1$s is not a file but a directory or a device. Name a file."),
    TOO_LARGE(
            "CheckpointJsonSize",
            "%1$s: it has %2$s bytes, and a configuration has at most %3$s. Check that the path is"
                    + " right."),
    POINTER(
            "CheckpointPointer",
            "%1$s is a pointer of Git LFS, not the file itself. Run 'git lfs pull' in its"
                    + " repository, or download the file."),
    NOT_TEXT("CheckpointJson", "%1$s: it is not a text in UTF-8. Write it again."),
    MALFORMED("CheckpointJson", "%1$s: %2$s. Write it again with the tool that made it."),
    DUPLICATE(
            "CheckpointJsonDuplicate",
            "%1$s: the key '%2$s'%3$s is there twice, so it is not certain which value holds."
                    + " Remove one of the two.");

    private final String code;
    private final String pattern;

    JsonMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
