package dev.ligature.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a file says about an adapter that does not affect what the adapter computes. It is kept so
 * that a file that is loaded and saved again has it. What the file does not say is null.
 *
 * @param taskType the task, one of PEFT's names such as {@code CAUSAL_LM}
 * @param baseModelNameOrPath the name or path of the base model
 * @param revision the revision of the base model
 * @param peftVersion the version of PEFT that wrote the file
 * @param autoMapping the Python class of the base model
 * @param unknownFields the fields that PEFT 0.21 does not know, each with its value; a loaded
 *     adapter has a warning for each, a new one cannot be created with any, and they are not
 *     written
 * @param unusedFields the fields that change nothing that a trained adapter computes, such as how
 *     its factors started, each with its value and the reason; a loaded adapter has a warning for
 *     each, and they are not written
 */
public record PeftMetadata(
        @Nullable String taskType,
        @Nullable String baseModelNameOrPath,
        @Nullable String revision,
        @Nullable String peftVersion,
        @Nullable AutoMapping autoMapping,
        List<String> unknownFields,
        List<String> unusedFields) {
    /** Says nothing. */
    public static final PeftMetadata NONE =
            new PeftMetadata(null, null, null, null, null, List.of());

    /** Copies the lists. */
    public PeftMetadata {
        unknownFields = List.copyOf(unknownFields);
        unusedFields = List.copyOf(unusedFields);
    }

    /** Says nothing that is left out. */
    public PeftMetadata(
            @Nullable String taskType,
            @Nullable String baseModelNameOrPath,
            @Nullable String revision,
            @Nullable String peftVersion,
            @Nullable AutoMapping autoMapping,
            List<String> unknownFields) {
        this(
                taskType,
                baseModelNameOrPath,
                revision,
                peftVersion,
                autoMapping,
                unknownFields,
                List.of());
    }

    /**
     * The Python class of the base model, which PEFT's {@code AutoPeftModel} needs where no task
     * type is given.
     *
     * @param baseModelClass PEFT's {@code base_model_class}
     * @param parentLibrary PEFT's {@code parent_library}, the Python module of the class
     */
    public record AutoMapping(String baseModelClass, String parentLibrary) {}

    PeftMetadata withTaskType(@Nullable String task) {
        return new PeftMetadata(
                task,
                baseModelNameOrPath,
                revision,
                peftVersion,
                autoMapping,
                unknownFields,
                unusedFields);
    }

    PeftMetadata withBaseModelNameOrPath(@Nullable String base) {
        return new PeftMetadata(
                taskType, base, revision, peftVersion, autoMapping, unknownFields, unusedFields);
    }
}
