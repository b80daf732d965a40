package dev.ligature.internal.resolve;

import dev.ligature.internal.diag.Message;

/** The messages about a configuration that does not fit a model. */
enum PlanMessage implements Message {
    // which modules are targeted
    NO_OUTPUT_HEAD(
            "LoraNoOutputHead",
            Severity.WARNING,
            "target_modules is all-linear, which leaves the output head out, but no module of the"
                    + " model is marked as one, so all linear modules are adapted, as by PEFT. If"
                    + " one of them is the head, mark its field with @LoraTarget(role ="
                    + " OUTPUT_HEAD), or list the others: %1$s."),
    NOTHING_TARGETED(
            "LoraNothingTargeted",
            "target_modules %1$s leaves none of the model's %2$s modules to adapt.%3$s Correct it;"
                    + " the model has %4$s."),
    ENTRY_UNMATCHED(
            "LoraEntryUnmatched",
            Severity.ERROR_OR_WARNING,
            "%1$s has '%2$s', which matches no module of the model.%3$s Correct or remove it; the"
                    + " model has %4$s."),
    LAYER_UNMATCHED(
            "LoraLayerUnmatched",
            Severity.ERROR_OR_WARNING,
            "layers_to_transform holds %1$s, but the targeted modules are in the layers %2$s."
                    + " Remove it or use one of these."),
    TARGET_EXCLUDED(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "target_modules has '%1$s', which has no effect: exclude_modules takes out every module"
                    + " that it matches. Remove one of the two."),
    TARGET_IN_OTHER_LAYERS(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "target_modules has '%1$s', which has no effect: no module that it matches is in"
                    + " layers_to_transform %2$s. Remove it, or target the module by its full name,"
                    + " for which layers do not count."),
    TARGET_SAVED(
            "LoraTargetSaved",
            Severity.WARNING,
            "target_modules has '%1$s', but modules_to_save has %2$s as a whole, so there is no"
                    + " factor pair for it. Remove one of the two."),
    UNKNOWN_FIELD(
            "LoraUnknownField",
            Severity.ERROR_OR_WARNING,
            "The configuration has %1$s, which PEFT 0.21 does not know either: it has no effect and"
                    + " is not saved. Remove it, or check what a newer PEFT means by it."),
    UNUSED_FIELD(
            "LoraUnusedField",
            Severity.WARNING,
            "The configuration has %1$s. What the adapter computes does not depend on it: the field"
                    + " is left out, and not saved."),
    NO_STRENGTH(
            "LoraAlphaZero",
            Severity.WARNING,
            "lora_alpha is 0, so the pair of %1$s has no effect, as in PEFT. Check the"
                    + " configuration."),
    FAN_IN_FAN_OUT(
            "LoraFanInFanOut",
            Severity.WARNING,
            "fan_in_fan_out is %1$s, but %2$s. The block says how its weight is stored, and the"
                    + " factors are the same either way: the field has no effect, and is saved as"
                    + " %3$s."),

    // what a targeted module allows
    MODULE_UNSUPPORTED(
            "LoraModuleUnsupported",
            "Module %1$s is targeted, but it is a %2$s, which LoRA cannot adapt. %3$s"),
    WEIGHT_SHAPE(
            "LoraWeightShape",
            "The weight of module %1$s has the shape %2$s, not %3$s. Initialise the model before it"
                    + " is adapted, or exclude the module."),
    INIT_NOT_REPEATABLE(
            "LoraInitNotRepeatable",
            "init_lora_weights is %1$s, a random approximation: what was taken from the weight of"
                    + " %2$s is not in the file and cannot be computed again. Convert the adapter"
                    + " with PEFT (save_pretrained with"
                    + " path_initial_model_for_weight_conversion)."),
    INIT_RANK_ODD(
            "LoraInitRank",
            "init_lora_weights is orthogonal, which needs an even rank, but module %1$s has r %2$s."
                    + " Use %3$s, or another init."),
    INIT_RANK_LARGE(
            "LoraInitRank",
            "init_lora_weights is %1$s, which takes r directions of the weight, but that of module"
                    + " %2$s is (%3$s, %4$s) and r is %5$s. Use at most %6$s, or another init."),
    BIAS_EMBEDDING(
            "LoraBiasEmbedding",
            "lora_bias is true, but module %1$s is or is tied to an embedding, whose rows have no"
                    + " bias, nor have PEFT's. Set it to false, or do not target %2$s."),
    CONVOLUTION_INIT(
            "LoraConvolutionInit",
            "init_lora_weights is %1$s, but module %2$s is a convolution, for which that is not"
                    + " defined, nor is it in PEFT. Set it to true, false or 'gaussian', or exclude"
                    + " the module."),
    CONVOLUTION_GROUPS(
            "LoraConvolutionGroups",
            "Module %1$s is a convolution of %2$s groups, and r is %3$s, which they cannot share"
                    + " evenly. Use a multiple of %2$s, or exclude the module."),
    CONVOLUTION_DORA(
            "LoraConvolutionGroups",
            "use_dora is true, but module %1$s is a convolution of %2$s groups, whose update is not"
                    + " a kernel of that shape. Set it to false, or exclude the module."),

    // rank_pattern and alpha_pattern
    PATTERN_SHADOWED(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "%1$s has '%2$s', which has no effect: an earlier pattern decides for every module that"
                    + " it matches. Put it first, or remove it."),
    PATTERN_NOT_ADAPTED(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "%1$s has '%2$s', which has no effect: none of the modules that it matches is adapted."
                    + " Target one, or remove it."),

    // tied modules
    TIE_EXCLUDED(
            "LoraTieExcluded",
            "Modules %1$s read one weight and ensure_weight_tying is on, but exclude_modules takes"
                    + " out %2$s alone. Exclude all of them or none, or set ensure_weight_tying to"
                    + " false."),
    TIE_UNSUPPORTED(
            "LoraTieUnsupported",
            "Modules %1$s read one weight and ensure_weight_tying is on, but %2$s is a %3$s, which"
                    + " LoRA cannot adapt. %4$s Or set ensure_weight_tying to false."),
    TIE_CONFLICT(
            "LoraTieConflict",
            "Modules %1$s read one weight and ensure_weight_tying is on, but %2$s gives %3$s. Give"
                    + " them one value, or set ensure_weight_tying to false."),
    TIE_PATTERN_SPREAD(
            "LoraTiePatternSpread",
            Severity.WARNING_IF_LENIENT,
            "%1$s gives %2$s the value %3$s, which also holds for %4$s, because they read one"
                    + " weight. PEFT uses %5$s there: if it trained this adapter, name %4$s in %1$s"
                    + " with the value that is meant."),
    TIE_DORA(
            "LoraTieDora",
            "Modules %1$s read one weight and are adapted together, and use_dora is true, but DoRA"
                    + " scales a weight by its rows for a linear module and by its columns for an"
                    + " embedding, each with lengths of its own: one weight cannot be both. Set"
                    + " use_dora or ensure_weight_tying to false, or untie the base."),
    TIE_TRANSPOSED(
            "LoraTieTransposed",
            Severity.ERROR,
            "Modules %1$s read one weight and are adapted together, but %2$s as (in, out) and the"
                    + " others as (out, in), so one pair cannot serve all of them. Set"
                    + " ensure_weight_tying to false, or untie the base."),
    TIE_INIT(
            "LoraTieInit",
            "init_lora_weights is %1$s, which takes what the factors start with from the weight of"
                    + " %2$s, but %3$s all read that weight. Set init_lora_weights to true, exclude"
                    + " %2$s, or untie the base."),
    NO_TIE(
            "LoraNoTie",
            Severity.WARNING,
            "ensure_weight_tying is on, but no two modules of the model read one weight: it has no"
                    + " effect. Set it to false, or declare the tie with @Tied."),
    TIE_UNTOUCHED(
            "LoraTieUntouched",
            Severity.WARNING,
            "ensure_weight_tying is on, but none of the tied modules is adapted: %1$s. Target one"
                    + " of them, or set it to false."),
    TIE_FILLED(
            "LoraTieFilled",
            Severity.WARNING,
            "Modules %1$s read one weight and ensure_weight_tying is on, but the file has %2$s of"
                    + " %3$s alone: they are used for %4$s too. PEFT may have trained the adapter"
                    + " without that. If it did, load it with AdapterLoadOptions.untied, which reads"
                    + " the file as PEFT does."),
    TIED_WEIGHT_SPLIT(
            "LoraTiedWeightSplit",
            Severity.WARNING,
            "Modules %1$s read one weight, and ensure_weight_tying is off: %2$s, so the weight is"
                    + " no longer the same for all, and the adapter cannot be merged. Set"
                    + " ensure_weight_tying to true for one that all read, or untie the base."),

    // target_parameters
    ALL_LINEAR_INSIDE(
            "LoraAllLinearInside",
            Severity.WARNING,
            "target_modules is all-linear, which adapts annotated modules, and leaves out the"
                    + " matrices inside other blocks: %1$s. Name those to adapt in target_parameters"
                    + " (optTargetParameters)."),
    PARAMETER_UNMATCHED(
            "LoraEntryUnmatched",
            Severity.ERROR_OR_WARNING,
            "target_parameters has '%1$s', which matches no parameter of the model's modules.%2$s"
                    + " Correct or remove it; they have %3$s."),
    PARAMETER_SHAPE(
            "LoraParameterShape",
            "target_parameters means %1$s, which has the shape %2$s, not (out, in): %3$s Remove"
                    + " it."),
    PARAMETER_CLAIMED_TWICE(
            "LoraWeightClaimedTwice",
            "Of the weight of module %1$s, target_parameters means %2$s, and %3$s. A weight can"
                    + " have one of these: take it out of one of the fields."),

    // modules_to_save and bias
    MODULE_NOT_SAVED(
            "LoraModuleNotSaved",
            "Module %1$s, a %2$s, is in modules_to_save, but its parameter %3$s has no name in"
                    + " files of its own. Take it out, or build it of blocks that have one weight"
                    + " and one bias at most."),
    SAVED_WITHOUT_PARAMETERS(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "modules_to_save has '%1$s', which has no effect: the modules that it matches have no"
                    + " parameters. Remove it."),
    LOOSE_SUFFIX(
            "LoraLooseSuffix",
            Severity.WARNING,
            "modules_to_save has '%1$s', by which PEFT also means %2$s, because a name ends with"
                    + " it. The file has their weights, so they are replaced. Where an adapter is"
                    + " created, an entry fits from a dot on: name them in full."),
    BIAS_MISSING(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "bias has 'all', which has no effect: no module of the model has a bias that"
                    + " modules_to_save does not copy already. Set it to none."),
    BIAS_NOT_TARGETED(
            "LoraEntryIneffective",
            Severity.ERROR_OR_WARNING,
            "bias has 'lora_only', which has no effect: none of the modules that are targeted has a"
                    + " bias that modules_to_save does not copy already. Set it to none."),
    BIAS_UNCOVERED(
            "LoraBiasUncovered",
            Severity.ERROR_IF_STRICT,
            "bias is 'all', but %1$s of the model belong to no annotated module, so the adapter"
                    + " could not have them. Annotate the fields of their blocks with @LoraTarget,"
                    + " or set bias to 'lora_only'."),

    // trainable_token_indices
    NO_INPUT_EMBEDDING(
            "LoraNoInputEmbedding",
            "trainable_token_indices is a list, which means rows of the input embedding, but no"
                    + " module of the model is marked as one. Mark the field with"
                    + " @LoraTarget(role = INPUT_EMBEDDING), or give the indices by module: %1$s."),
    TOKENS_TWICE(
            "LoraTokensTwice",
            "trainable_token_indices asks for the rows %1$s and, by '%2$s', for %3$s of module"
                    + " %4$s. Keep one of the two entries."),
    TOKENS_UNSUPPORTED(
            "LoraTokensUnsupported",
            "trainable_token_indices asks for rows of module %1$s, a %2$s. Only the weights of"
                    + " linear layers and embeddings, (rows, d), have rows that can be trained by"
                    + " themselves: name another module, or use modules_to_save."),
    TOKENS_CONFLICT(
            "LoraTokensConflict",
            "Modules %1$s read one weight and ensure_weight_tying is on, but"
                    + " trainable_token_indices asks for %2$s. Give them the same rows, or set"
                    + " ensure_weight_tying to false."),
    TOKEN_RANGE(
            "LoraTokenRange",
            "trainable_token_indices has %1$s, but the weight of module %2$s has %3$s rows, 0 to"
                    + " %4$s. Correct it, or enlarge the base's vocabulary first."),

    // a weight that two fields are about
    CLAIMED_TWICE(
            "LoraWeightClaimedTwice",
            "%1$s%2$s. A weight can have one of these: take the modules out of the other"
                    + " field%3$s"),
    SAVED_AND_TARGETED(
            "LoraWeightClaimedTwice",
            Severity.ERROR_IF_STRICT,
            "%1$s%2$s. A weight can have one of these: take the modules out of the other"
                    + " field%3$s");

    private final String code;
    private final Severity severity;
    private final String pattern;

    PlanMessage(String code, String pattern) {
        this(code, Severity.ERROR, pattern);
    }

    PlanMessage(String code, Severity severity, String pattern) {
        this.code = code;
        this.severity = severity;
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

    Severity severity() {
        return severity;
    }

    /**
     * How serious a problem is. Resolution is strict where an adapter is created, unless {@code
     * allowUnmatched} is set, and lenient where one is loaded: PEFT itself saves entries that have
     * no effect.
     */
    enum Severity {
        /** The configuration does not fit the model. */
        ERROR,

        /** An error if strict; of no interest if lenient. */
        ERROR_IF_STRICT,

        /** An entry has no effect: an error if strict, a warning if lenient. */
        ERROR_OR_WARNING,

        /** Doubtful, but allowed. */
        WARNING,

        /** Doubtful in an adapter that PEFT trained; of no interest if strict. */
        WARNING_IF_LENIENT;

        boolean isError(boolean strict) {
            return this == ERROR
                    || (strict && (this == ERROR_IF_STRICT || this == ERROR_OR_WARNING));
        }

        boolean isWarning(boolean strict) {
            return this == WARNING
                    || (!strict && (this == ERROR_OR_WARNING || this == WARNING_IF_LENIENT));
        }
    }
}
