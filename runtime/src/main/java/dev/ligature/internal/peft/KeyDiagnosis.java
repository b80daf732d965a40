package dev.ligature.internal.peft;

import dev.ligature.internal.hint.Nearest;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Explains why a key of an adapter file has no place in a plan. */
final class KeyDiagnosis {
    /** A factor, or something else of a pair, of a module. */
    private static final Pattern FACTOR =
            Pattern.compile(
                    "(.*)\\.(lora_[AB]\\.weight|lora_B\\.bias|lora_embedding_[AB]"
                            + "|lora_magnitude_vector)",
                    Pattern.DOTALL);

    private static final Pattern NAMED_FACTOR =
            Pattern.compile(".*\\.lora_(magnitude_vector|(embedding_)?[AB])\\..*", Pattern.DOTALL);

    /** What in a name shows another tool's, in the order in which they are looked for. */
    private static final Map<Pattern, String> TOOLS = new LinkedHashMap<>();

    static {
        tool(
                "_orig_mod\\.",
                "of a model that torch.compile wrapped: save the adapter of its"
                        + " _orig_mod, or rename the keys without _orig_mod.");
        tool(
                "(^|\\.)_fsdp_wrapped_module\\.|_checkpoint_wrapped_module\\.",
                "of a model that FSDP wrapped: save the adapter with PEFT's save_pretrained");
        tool(
                "^module\\.",
                "of a model that DistributedDataParallel wrapped: save the adapter of its"
                        + " module, or rename the keys without module.");
        tool(
                "^lora_(unet|te\\d?|transformer)_|\\.lora_(down|up)\\.weight$|\\.alpha$",
                "kohya's format, for image models: there is no such module in a language model of"
                        + " PEFT's names");
        tool(
                "\\.lora_[ab](\\.weight)?$",
                "the spelling of mlx-lm or torchtune: convert the adapter to PEFT's format");
        tool(
                "\\.adapter\\.linear_(in|out)\\.|\\.linear_(qkv|proj|fc1|fc2)\\.",
                "Megatron's names: export the adapter to PEFT's format");
    }

    /** The fields that decide which modules have a pair. */
    private static final List<String> TARGETING =
            List.of(
                    "target_modules",
                    "target_parameters",
                    "exclude_modules",
                    "layers_to_transform",
                    "layers_pattern",
                    "ensure_weight_tying");

    private KeyDiagnosis() {}

    private static void tool(String pattern, String what) {
        TOOLS.put(Pattern.compile(pattern), what);
    }

    /**
     * Returns the fields of a configuration that decide whether tensors belong to an adapter, for
     * messages.
     *
     * @param names the tensors' names without PEFT's prefix
     */
    static String fields(Collection<String> names) {
        Set<String> fields = new LinkedHashSet<>();
        for (String name : names) {
            if (name.contains("token_adapter") || name.contains("trainable_tokens")) {
                fields.addAll(List.of("trainable_token_indices", "ensure_weight_tying"));
            } else if (name.contains(".lora_")) {
                fields.addAll(TARGETING);
                if (name.contains(".lora_magnitude_vector")) {
                    fields.add("use_dora");
                } else if (name.endsWith(".lora_B.bias")) {
                    fields.add("lora_bias");
                }
            } else {
                fields.addAll(List.of("modules_to_save", "bias", "ensure_weight_tying"));
                if (name.contains(".base_layer.")) {
                    fields.addAll(TARGETING);
                }
            }
        }
        return String.join(", ", fields);
    }

    /**
     * Returns what is wrong with a key, in a few words.
     *
     * @param name the key without PEFT's prefix
     * @param adapted the modules that the plan adapts
     */
    static String of(String name, Set<String> adapted) {
        if (name.contains("token_adapter") || name.contains("trainable_tokens")) {
            return "token rows that trainable_token_indices does not name";
        }
        for (Map.Entry<Pattern, String> tool : TOOLS.entrySet()) {
            if (tool.getKey().matcher(name).find()) {
                return tool.getValue();
            }
        }
        Matcher factor = FACTOR.matcher(name);
        if (factor.matches()) {
            return notAdapted(factor.group(1), adapted);
        }
        if (NAMED_FACTOR.matcher(name).matches()) {
            return "its adapter's name is in the key: save it with PEFT's save_pretrained";
        }
        int base = name.lastIndexOf(".base_layer.");
        if (base >= 0) {
            return notAdapted(name.substring(0, base), adapted);
        }
        if (name.endsWith(".weight") || name.endsWith(".bias")) {
            return "a whole parameter, which neither modules_to_save nor bias asks for: of a"
                    + " resized embedding, perhaps";
        }
        return "not a tensor of a LoRA adapter";
    }

    private static String notAdapted(String module, Set<String> adapted) {
        return adapted.contains(module)
                ? "by the config, or by its kind in the model, " + module + " does not have it"
                : "the config adapts no module "
                        + module
                        + " of the model."
                        + Nearest.hint(module, adapted);
    }
}
