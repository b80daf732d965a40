package dev.ligature.internal.resolve;

import dev.ligature.config.LoraInit;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.List;

/**
 * The rules of a single pair: what its weight, its readers and its rank allow.
 *
 * @param creating whether the factors are drawn, and not read from a file
 * @param problems gets what breaks a rule
 */
record PairCheck(Request request, boolean creating, Problems problems) {
    /** Rejects pairs that their weights, ties or ranks do not allow. */
    void check(List<PairPlan> pairs) {
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
    }

    private void startFromWeight(PairPlan pair) {
        List<Module> tied =
                request.modules().stream()
                        .filter(module -> module.name().equals(pair.readers().get(0).slot()))
                        .findFirst()
                        .map(request.ties()::readersWith)
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
        List<PairPlan.Reader> readers = pair.readers();
        String names = String.join(", ", readers.stream().map(PairPlan.Reader::module).toList());
        if (pair.dora() && readers.size() > 1) {
            problems.add(PlanMessage.TIE_DORA, names);
        }
        if (pair.loraBias() && readers.stream().anyMatch(r -> r.kind() == ModuleKind.EMBEDDING)) {
            problems.add(PlanMessage.BIAS_EMBEDDING, pair.name(), names);
        }
    }

    private void rank(PairPlan pair) {
        int rank = pair.rank();
        if (pair.hasLinearReader() && pair.init().equals(LoraInit.ORTHOGONAL) && rank % 2 != 0) {
            problems.addOnce(rank, PlanMessage.INIT_RANK_ODD, pair.name(), rank, rank + 1);
        }
        long most = Math.min(pair.out(), pair.in());
        if (pair.startsFromWeight() && rank > most) {
            Object[] values = {pair.init(), pair.name(), pair.out(), pair.in(), rank, most};
            problems.addOnce(rank, PlanMessage.INIT_RANK_LARGE, values);
        }
    }

    private void convolution(PairPlan pair, PairPlan.Kernel kernel) {
        LoraInit init = pair.init();
        if (init.startsFromWeight() || init.equals(LoraInit.ORTHOGONAL)) {
            problems.addOnce(init, PlanMessage.CONVOLUTION_INIT, init, pair.name());
        }
        int rank = pair.rank();
        int groups = kernel.groups();
        if (rank % groups != 0) {
            List<Integer> reason = List.of(rank, groups);
            problems.addOnce(reason, PlanMessage.CONVOLUTION_GROUPS, pair.name(), groups, rank);
        }
        if (pair.dora() && groups > 1) {
            problems.addOnce("dora", PlanMessage.CONVOLUTION_DORA, pair.name(), groups);
        }
    }
}
