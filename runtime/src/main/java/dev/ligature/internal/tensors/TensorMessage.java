package dev.ligature.internal.tensors;

import dev.ligature.internal.diag.Message;

/** What is reported about safetensors files and the checkpoints they form. */
public enum TensorMessage implements Message {
    NOT_A_FILE(
            "CheckpointMissing",
            "%1$s is not a file but a directory or a device. Name a safetensors file."),
    NO_FILE("CheckpointMissing", "%1$s does not exist. Check the path, or get the file."),
    CHANGED("CheckpointChanged", "%1$s was changed while it was read. Load it again."),
    CUT_SHORT("CheckpointChanged", "%1$s became shorter while it was read. Load it again."),
    SIZE("SafetensorsSize", "%1$s %2$s. It is cut short, or not a safetensors file: get it again."),
    DTYPE(
            "TensorDtype",
            "%1$s: '%2$s' has the data type %3$s, which cannot be read to an array. Convert it to"
                    + " F32, F16 or BF16."),
    HEADER(
            "SafetensorsHeader",
            "%1$s has a header that is not the JSON of a safetensors file: %2$s. The file is"
                    + " damaged, or of another format: get it again."),
    TENSOR("SafetensorsTensor", "%1$s: '%2$s' %3$s. The file is damaged: get it again."),
    NOT_FINITE(
            "TensorNotFinite",
            "%1$s: element %3$s of '%2$s' is %4$s, and a model computes NaN with it. A training"
                    + " that diverged or an overflow of float16 leaves such values: use an earlier"
                    + " checkpoint, or train again in float32 or with a lower learning rate."),
    POINTER(
            "CheckpointPointer",
            "%1$s is a pointer of Git LFS, not the file itself. Run 'git lfs pull' in its"
                    + " repository, or download the file."),
    DATA(
            "SafetensorsData",
            "%1$s has %2$s bytes of data, but its tensors end at byte %3$s. The file is damaged:"
                    + " get it again."),
    MISSING("TensorMissing", "%1$s has no tensor '%2$s'.%3$s Use one of its %4$s tensors."),
    PICKLED(
            "CheckpointPickled",
            "%1$s has its weights in %2$s, a pickle, which can run any code when it is read and is"
                    + " not read here. Load it with Transformers and save it again, with"
                    + " safe_serialization=True, which is the default: that writes"
                    + " model.safetensors."),
    OTHER_FORMAT("CheckpointFormat", "%1$s has %2$s, %3$s, in place of model.safetensors. %4$s"),
    NO_CHECKPOINT(
            "CheckpointMissing",
            "%1$s has neither %2$s nor %3$s. Name the directory of a Hugging Face checkpoint."),
    INDEX(
            "CheckpointIndex",
            "%1$s: %2$s. The index and its shards do not belong together: get the checkpoint"
                    + " again.");

    private final String code;
    private final String pattern;

    TensorMessage(String code, String pattern) {
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
