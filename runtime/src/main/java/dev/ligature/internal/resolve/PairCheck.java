package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.LoraInit;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.List;

/** The rules of a single pair: what its weight, its readers and its rank allow. */
public final class PairCheck {
    private final TieGroups ties;
    private final ModelLayout layout;

    public PairCheck(ModelLayout layout, TieGroups ties) {
        this.layout = layout;
        this.ties = ties;
    }

    /**
     * Throws if the pair cannot be what it is to be.
     *
     * @param creating whether the factors are drawn, and not read from a file
     */
    public void check(PairPlan pair, boolean creating) {
        if (pair.startsFromWeight()) {
            startOfATie(pair);
            if (!creating && pair.init().iterations() > 0) {
                throw notRepeatable(pair);
            }
        }
        if (pair.dora() && pair.readers().size() > 1) {
            throw new LoraException(
                    "LoraTieDora",
                    "Modules "
                            + readers(pair)
                            + " read one weight and are adapted together, and use_dora is true, but"
                            + " DoRA scales a weight by its rows for a linear module and by its"
                            + " columns for an embedding, each with lengths of its own: one weight"
                            + " cannot be both. Set use_dora or ensure_weight_tying to false, or"
                            + " untie the base.");
        }
        if (pair.loraBias()
                && pair.readers().stream().anyMatch(r -> r.kind() == ModuleKind.EMBEDDING)) {
            throw new LoraException(
                    "LoraBiasEmbedding",
                    "lora_bias is true, but module "
                            + pair.name()
                            + " is or is tied to an embedding, whose rows have no bias, in PEFT"
                            + " neither. Set it to false, or do not target "
                            + readers(pair)
                            + ".");
        }
        rank(pair);
        if (pair.kernel() != null) {
            convolution(pair, pair.kernel());
        }
    }

    private void startOfATie(PairPlan pair) {
        List<ModelLayout.Module> tied =
                layout.modules().stream()
                        .filter(module -> module.name().equals(pair.readers().get(0).slot()))
                        .findFirst()
                        .map(ties::readersWith)
                        .orElse(List.of());
        if (tied.size() > 1) {
            throw new LoraException(
                    "LoraTieInit",
                    "init_lora_weights is "
                            + pair.init()
                            + ", which takes what the factors start with from the weight of "
                            + pair.name()
                            + ", but "
                            + PairGroups.names(tied)
                            + " all read that weight. Set init_lora_weights to true, exclude "
                            + pair.name()
                            + ", or untie the base.");
        }
    }

    private static LoraException notRepeatable(PairPlan pair) {
        return new LoraException(
                "LoraInitNotRepeatable",
                "init_lora_weights is "
                        + pair.init()
                        + ", a random approximation: what was taken from the weight of "
                        + pair.name()
                        + " is not in the file and cannot be computed again. Convert the adapter"
                        + " with PEFT (save_pretrained with"
                        + " path_initial_model_for_weight_conversion).");
    }

    private static void rank(PairPlan pair) {
        boolean linear = pair.hasLinearReader() && pair.kernel() == null;
        if (linear && pair.init().equals(LoraInit.ORTHOGONAL) && pair.rank() % 2 != 0) {
            throw new LoraException(
                    "LoraInitRank",
                    "init_lora_weights is orthogonal, which needs an even rank, but module "
                            + pair.name()
                            + " has r "
                            + pair.rank()
                            + ". Use "
                            + (pair.rank() + 1)
                            + ", or another init.");
        }
        long most = Math.min(pair.out(), pair.in());
        if (pair.startsFromWeight() && pair.kernel() == null && pair.rank() > most) {
            throw new LoraException(
                    "LoraInitRank",
                    "init_lora_weights is "
                            + pair.init()
                            + ", which takes r directions of the weight, but that of module "
                            + pair.name()
                            + " is ("
                            + pair.out()
                            + ", "
                            + pair.in()
                            + ") and r is "
                            + pair.rank()
                            + ". Use at most "
                            + most
                            + ", or another init.");
        }
    }

    private static void convolution(PairPlan pair, PairPlan.Kernel kernel) {
        switch (pair.init().kind()) {
            case ORTHOGONAL, PISSA, OLORA ->
                    throw new LoraException(
                            "LoraConvolutionInit",
                            "init_lora_weights is "
                                    + pair.init()
                                    + ", but module "
                                    + pair.name()
                                    + " is a convolution, for which that is not defined, in PEFT"
                                    + " neither. Set it to true, false or 'gaussian', or exclude"
                                    + " the module.");
            default -> {}
        }
        if (pair.rank() % kernel.groups() != 0) {
            throw new LoraException(
                    "LoraConvolutionGroups",
                    "Module "
                            + pair.name()
                            + " is a convolution of "
                            + kernel.groups()
                            + " groups, and r is "
                            + pair.rank()
                            + ", which they cannot share evenly. Use a multiple of "
                            + kernel.groups()
                            + ", or exclude the module.");
        }
        if (pair.dora() && kernel.groups() > 1) {
            throw new LoraException(
                    "LoraConvolutionGroups",
                    "use_dora is true, but module "
                            + pair.name()
                            + " is a convolution of "
                            + kernel.groups()
                            + " groups, whose update is no kernel of that shape. Set it to false,"
                            + " or exclude the module.");
        }
    }

    private static String readers(PairPlan pair) {
        return String.join(", ", pair.readers().stream().map(PairPlan.Reader::module).toList());
    }
}
