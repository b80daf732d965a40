package dev.ligature.internal.peft;

import dev.ligature.internal.hint.Nearest;
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

    private KeyDiagnosis() {}

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
