package dev.ligature.config;

/**
 * The Python class of the base model, which PEFT's {@code AutoPeftModel} needs where no task type
 * is given. Of no meaning here; kept so that a file which is loaded and saved again has it.
 *
 * @param baseModelClass PEFT's {@code base_model_class}
 * @param parentLibrary PEFT's {@code parent_library}, the Python module of the class
 */
public record AutoMapping(String baseModelClass, String parentLibrary) {}
