package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.internal.peft.AdapterContents;
import dev.ligature.internal.peft.Factors;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the arrays of an adapter: fresh ones, or those of a file; and takes them out of one. */
public final class AdapterFactory {
    private final Slots slots;
    private final LoraPlan plan;
    private final NDManager manager;
    private final FactorDraws draws;

    /**
     * Creates a factory whose random numbers come from the engine.
     *
     * @param manager the owner of its arrays
     */
    public AdapterFactory(Slots slots, LoraPlan plan, NDManager manager) {
        this(slots, plan, manager, FactorDraws.ofEngine());
    }

    /** Creates a factory whose random numbers come from elsewhere, such as from a seed. */
    public AdapterFactory(Slots slots, LoraPlan plan, NDManager manager, FactorDraws draws) {
        this.slots = slots;
        this.plan = plan;
        this.manager = manager;
        this.draws = draws;
    }

    /** Returns fresh parts: drawn factors, and what the base has for what is replaced. */
    public AdapterParts fresh() {
        return of(new AdapterContents(Map.of()));
    }

    /**
     * Returns parts of given arrays, which belong to the manager; fresh ones of what is not given.
     */
    public AdapterParts of(AdapterContents contents) {
        List<FactorPair> pairs = new ArrayList<>();
        ScalarPool scalars = new ScalarPool(manager);
        for (PairPlan pair : plan.pairs()) {
            Factors read = contents.pairs().get(pair);
            FactorDraws own = draws.split();
            pairs.add(
                    read == null
                            ? FactorInit.draw(pair, slots.weightOf(pair), own, scalars)
                            : FactorInit.loaded(pair, read, slots.weightOf(pair), own, scalars));
        }
        List<ReplacedParameter> replaced = new ArrayList<>();
        for (ReplacementPlan copy : plan.replacements()) {
            NDArray read = contents.replacements().get(copy);
            replaced.add(copy(copy, read == null ? valuesOfBase(copy) : read));
        }
        List<TokenRows> rows = new ArrayList<>();
        for (TokenRowsPlan tokens : plan.tokenRows()) {
            NDArray read = contents.tokenRows().get(tokens);
            rows.add(new TokenRows(tokens, read == null ? rowsOfBase(tokens) : read, manager));
        }
        return new AdapterParts(pairs, replaced, rows);
    }

    /**
     * Returns the arrays of an adapter, to be written.
     *
     * @param owner the manager of what is not the adapter's own
     */
    public static AdapterContents contents(
            AdapterState adapter, Map<PairPlan, Factors> pairs, NDManager owner) {
        Map<ReplacementPlan, NDArray> replaced = new LinkedHashMap<>();
        adapter.replaced()
                .forEach(copy -> replaced.put(copy.plan(), copy.values().detached(owner)));
        Map<TokenRowsPlan, NDArray> rows = new LinkedHashMap<>();
        adapter.tokenRows()
                .forEach(tokens -> rows.put(tokens.plan(), tokens.values().detached(owner)));
        return new AdapterContents(pairs, replaced, rows);
    }

    private ReplacedParameter copy(ReplacementPlan copy, NDArray array) {
        return ReplacedParameter.of(copy, parameter(copy).getType(), array, manager);
    }

    private Parameter parameter(ReplacementPlan copy) {
        ReplacementPlan.Reader reader = copy.readers().get(0);
        return slots.named(reader.module()).parameter(reader.parameter());
    }

    private NDArray valuesOfBase(ReplacementPlan copy) {
        return AdapterArray.copy(parameter(copy).getArray(), copy.dataType(), manager);
    }

    private NDArray rowsOfBase(TokenRowsPlan tokens) {
        Parameter weight = slots.named(tokens.name()).weight();
        if (weight == null) {
            throw new IllegalStateException("Module " + tokens.name() + " has no weight");
        }
        long[] indices = tokens.indices().stream().mapToLong(Integer::longValue).toArray();
        try (NDManager scope = manager.newSubManager()) {
            NDArray table = attached(weight.getArray().stopGradient(), scope); // (V, d)
            NDArray rows = attached(table.get(scope.create(indices)), scope); // (n, d)
            return AdapterArray.copy(rows, tokens.dataType(), manager);
        }
    }
}
