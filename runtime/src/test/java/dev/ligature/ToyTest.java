package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What tests of a wrapped {@link ToyModel} have in common. */
public abstract class ToyTest {
    protected static final long[] IDS = {3, 0, 6, 5, 3, 1};

    public NDManager manager;
    public ParameterStore store;

    @BeforeEach
    public void openManager() {
        manager = NDManager.newBaseManager();
        store = new ParameterStore(manager, false);
    }

    @AfterEach
    public void closeManager() {
        manager.close();
    }

    public NDList ids() {
        return new NDList(manager.create(IDS, new Shape(2, 3)));
    }

    public LoraModel wrapToy(boolean tied) {
        return LoraModel.wrap(ToyModel.create(tied, manager, DataType.FLOAT32), ToyModel::visit);
    }

    /** Returns a configuration with r 2 and s 1.5. */
    public static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().setTargetModules(targets).optRank(2).optLoraAlpha(3);
    }

    /** Gives every factor fixed numbers, so that no ΔW is zero. */
    public static void scramble(AdapterState adapter, int salt) {
        int next = salt * 100;
        for (Pair<String, Parameter> named : adapter.parameters()) {
            NDArray array = named.getValue().getArray();
            try (NDManager scope = NDManager.newBaseManager();
                    NDArray alias = array.stopGradient()) {
                NDArray values = scope.create(Numbers.fill(array.getShape(), next++));
                alias.set(
                        new NDIndex(":"),
                        values.reshape(array.getShape()).toType(array.getDataType(), false));
            }
        }
    }

    public static Parameter parameter(LoraModel lora, String name) {
        return lora.base().getParameters().get(name);
    }

    /** A pair with the weight that a routing gives it. */
    public record Term(double weight, FactorPair pair) {}

    /** Computes the logits of a toy model by hand, with a pair for each of its weights or null. */
    public double[][] byHand(LoraModel lora, FactorPair embed, FactorPair proj, FactorPair head) {
        return byHand(lora, terms(embed), terms(proj), terms(head));
    }

    private static List<Term> terms(FactorPair pair) {
        return pair == null ? List.of() : List.of(new Term(1, pair));
    }

    /** Computes the logits of a toy model by hand, with a sum of pairs for each of its weights. */
    public double[][] byHand(LoraModel lora, List<Term> embed, List<Term> proj, List<Term> head) {
        ToyModel model = (ToyModel) lora.base();
        double[][] table = Numbers.matrix(parameter(lora, "01embed_weight").getArray());
        double[][] w = Numbers.matrix(parameter(lora, "02proj_weight").getArray());
        double[] bias = Numbers.matrix(parameter(lora, "02proj_bias").getArray())[0];
        double[][] out =
                model.tied ? table : Numbers.matrix(parameter(lora, "03head_weight").getArray());
        double[][] hidden = Numbers.rows(adapted(table, embed), IDS);
        double[][] mixed = Numbers.linear(hidden, adapted(w, proj), bias);
        return Numbers.linear(mixed, adapted(out, head), new double[0]);
    }

    private static double[][] adapted(double[][] w, List<Term> terms) {
        double[][] sum = w;
        for (Term term : terms) {
            sum =
                    Numbers.plusDelta(
                            sum,
                            term.weight() * term.pair().plan().scaling(),
                            Numbers.matrix(term.pair().loraB().getArray()),
                            Numbers.matrix(term.pair().loraA().getArray()));
        }
        return sum;
    }
}
