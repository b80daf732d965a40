package dev.ligature.config;

import dev.ligature.internal.diag.Message;

/** The messages about a configuration that is wrong for every model. */
enum ConfigMessage implements Message {
    TARGETS_MISSING(
            "LoraTargetsMissing",
            "target_modules is not set or empty, and no default is guessed from the model's name."
                    + " Set it: names such as q_proj and v_proj, a regular expression, or"
                    + " all-linear."),
    RANK("LoraRank", "r is %1$s, not positive. Set it to 1 or more."),
    RANK_PATTERN(
            "LoraRank",
            "rank_pattern gives '%1$s' the rank %2$s, not positive. Set it to 1 or more; to leave"
                    + " the modules out, use exclude_modules."),
    ALPHA("LoraAlpha", "%1$s is %2$s. Set it to a finite number."),
    DROPOUT(
            "LoraDropout",
            "lora_dropout is %1$s. It is a probability: set it to 0 or more and less than 1."),
    BIAS_COMBINATION(
            "LoraBiasCombination",
            "lora_bias is true, but %1$s, which has no bias of B, nor has PEFT's. Set one of the"
                    + " two to its default."),
    PARAMETER_COMBINATION(
            "LoraParameterCombination",
            "target_parameters is %1$s, but %2$s, which needs the input of a layer, and a parameter"
                    + " has none. Leave it at its default, or target modules."),
    TASK_TYPE(
            "LoraTaskType",
            "task_type is '%1$s', which PEFT does not know.%2$s Leave it out or use one of %3$s."),
    LAYERS_WITH_REGEX(
            "LoraLayersWithRegex",
            "%1$s is %2$s, but target_modules is %3$s; layers apply to a list of names only. List"
                    + " the names, or put the layers into the expression."),
    LAYERS_PATTERN_ALONE(
            "LoraLayersPatternAlone",
            "layers_pattern is %1$s, but layers_to_transform is not set. Set the indices that the"
                    + " pattern is for, or leave it out."),
    LAYER_INDEX(
            "LoraLayerIndex",
            "layers_to_transform holds %1$s, and no layer has a negative index. Count from 0."),
    BLANK_ENTRY("LoraBlankEntry", "%1$s has an entry without a name. Remove it."),
    TARGET_REGEX(
            "LoraRegex",
            "target_modules '%1$s' is not a supported regular expression: %2$s. Correct it, or give"
                    + " a list of names."),
    REGEX(
            "LoraRegex",
            "%1$s '%2$s' is not a supported regular expression: %3$s. Correct it; escape a literal"
                    + " dot as \\."),
    TOKENS_NONE("LoraTokenIndex", "%1$s has no index. Name the rows, or leave it out."),
    TOKEN_NEGATIVE(
            "LoraTokenIndex",
            "%1$s has the index %2$s, and no row has one below 0. Name each row once, by the id of"
                    + " its token."),
    TOKEN_REPEATED(
            "LoraTokenIndex",
            "%1$s has the index %2$s twice. Name each row once, by the id of its token.");

    private final String code;
    private final String pattern;

    ConfigMessage(String code, String pattern) {
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
