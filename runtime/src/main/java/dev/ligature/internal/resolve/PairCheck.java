package dev.ligature.internal.resolve;

import dev.ligature.config.LoraInit;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.List;

/** The rules of a single pair: what its weight, its readers and its rank allow. */
final class PairCheck {
    private final TieGroups ties;
    private final ModelLayout layout;
    private final boolean creating;
    private final Problems problems = new Problems();

    /**
     * Creates a check.
     *
     * @param creating whether the factors are drawn, and not read from a file
     */
    PairCheck(ModelLayout layout, TieGroups ties, boolean creating) {
        this.layout = layout;
        this.ties = ties;
        this.creating = creating;
    }

    /** Rejects pairs that their weights, ties or ranks do not allow. */
    Problems check(List<PairPlan> pairs) {
        for (PairPlan pair : pairs) {
            if (pair.startsFromWeight()) {
                startFromWeight(pair);
            }
            adaptedTogether(pair);
            PairPlan.Kernel kernel = pair.kernel();
            if (kernel == null) {
                rank(pair);
            } else {
                convolution(pair, kernel);
            }
        }
        return problems;
    }

    private void startFromWeight(PairPlan pair) {
        List<ModelLayout.Module> tied =
                layout.modules().stream()
                        .filter(module -> module.name().equals(pair.readers().get(0).slot()))
                        .findFirst()
                        .map(ties::readersWith)
                        .orElse(List.of());
        if (tied.size() > 1) {
            problems.addOnce(
                    tied, PlanMessage.TIE_INIT, pair.init(), pair.name(), Problems.names(tied));
        }
        if (!creating && pair.init().iterations() > 0) {
            problems.addOnce(
                    pair.init(), PlanMessage.INIT_NOT_REPEATABLE, pair.init(), pair.name());
        }
    }

    private void adaptedTogether(PairPlan pair) {
        String readers =
                String.join(", ", pair.readers().stream().map(PairPlan.Reader::module).toList());
        if (pair.dora() && pair.readers().size() > 1) {
            problems.add(PlanMessage.TIE_DORA, readers);
        }
        if (pair.loraBias()
                && pair.readers().stream().anyMatch(r -> r.kind() == ModuleKind.EMBEDDING)) {
            problems.add(PlanMessage.BIAS_EMBEDDING, pair.name(), readers);
        }
    }

    private void rank(PairPlan pair) {
        int rank = pair.rank();
        if (pair.hasLinearReader() && pair.init().equals(LoraInit.ORTHOGONAL) && rank % 2 != 0) {
            problems.addOnce(rank, PlanMessage.INIT_RANK_ODD, pair.name(), rank, rank + 1);
        }
        long most = Math.min(pair.out(), pair.in());
        if (pair.startsFromWeight() && rank > most) {
            problems.addOnce(
                    rank,
                    PlanMessage.INIT_RANK_LARGE,
                    pair.init(),
                    pair.name(),
                    pair.out(),
                    pair.in(),
                    rank,
                    most);
        }
    }

    private void convolution(PairPlan pair, PairPlan.Kernel kernel) {
        switch (pair.init().kind()) {
            case ORTHOGONAL, PISSA, OLORA ->
                    problems.addOnce(
                            pair.init(), PlanMessage.CONVOLUTION_INIT, pair.init(), pair.name());
            default -> {}
        }
        int groups = kernel.groups();
        if (pair.rank() % groups != 0) {
            problems.addOnce(
                    List.of(pair.rank(), groups),
                    PlanMessage.CONVOLUTION_GROUPS,
                    pair.name(),
                    groups,
                    pair.rank());
        }
        if (pair.dora() && groups > 1) {
            problems.addOnce("dora", PlanMessage.CONVOLUTION_DORA, pair.name(), groups);
        }
    }
}
