package dev.ligature.models.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.block.Rope;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.OperatorLookup;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Attention with a projection each for queries, keys and values. Qwen3 and Gemma 3 norm the queries
 * and keys of each head; the fields of these norms are null in other models.
 */
public final class DecoderAttention extends GroupedAttention {
    @LoraTarget("q_proj")
    Block queryProj;

    @LoraTarget("k_proj")
    Block keyProj;

    @LoraTarget("v_proj")
    Block valueProj;

    @LoraTarget("o_proj")
    Block outputProj;

    @LoraTarget("q_norm")
    @Nullable Block queryNorm;

    @LoraTarget("k_norm")
    @Nullable Block keyNorm;

    private final Heads heads;

    /**
     * What a model's attention is like.
     *
     * @param heads the heads
     * @param bias whether the projections of queries, keys and values have a bias
     * @param outputBias whether the projection back has a bias
     * @param cap c of scores that become {@code c · tanh(score / c)}; 0 if they stay
     * @param headNorm makes a norm of queries or keys, over a head; null if they have none
     */
    public record Form(
            Heads heads,
            boolean bias,
            boolean outputBias,
            double cap,
            @Nullable Supplier<Block> headNorm) {}

    /**
     * Creates attention.
     *
     * @param hiddenSize the size d of a token's hidden state
     * @param form what it is like
     * @param rope how positions turn its heads
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public DecoderAttention(long hiddenSize, Form form, Rope rope) {
        super(form.heads(), rope, form.cap());
        heads = form.heads();
        queryProj = addChildBlock("q_proj", Linears.of(heads.querySize(), form.bias()));
        keyProj = addChildBlock("k_proj", Linears.of(heads.keySize(), form.bias()));
        valueProj = addChildBlock("v_proj", Linears.of(heads.keySize(), form.bias()));
        outputProj = addChildBlock("o_proj", Linears.of(hiddenSize, form.outputBias()));
        if (form.headNorm() != null) {
            queryNorm = addChildBlock("q_norm", form.headNorm().get());
            keyNorm = addChildBlock("k_norm", form.headNorm().get());
        }
    }

    @Override
    protected NDList project(NDArray x, Call call) {
        NDArray q = call.of(queryProj, x); // (B, T, d) -> (B, T, H·D)
        NDArray k = call.of(keyProj, x); // (B, T, d) -> (B, T, KV·D)
        NDArray v = call.of(valueProj, x); // (B, T, d) -> (B, T, KV·D)
        if (queryNorm != null && keyNorm != null) {
            q = heads.normed(queryNorm, q, call);
            k = heads.normed(keyNorm, k, call);
        }
        return new NDList(q, k, v);
    }

    @Override
    protected @Nullable Projections projections(NDArray x, Call call) {
        ParameterStore store = call.parameterStore();
        LinearTerms q = OperatorLookup.linear(queryProj, store, x);
        LinearTerms k = OperatorLookup.linear(keyProj, store, x);
        LinearTerms v = OperatorLookup.linear(valueProj, store, x);
        LinearTerms o = OperatorLookup.linear(outputProj, store, x);
        if (q == null || k == null || v == null || o == null) {
            return null;
        }
        if (queryNorm == null || keyNorm == null) {
            return new Projections(q, k, v, o, null, null);
        }
        LayerTerms.Norm ofQueries = RmsNorm.terms(queryNorm, x, call);
        LayerTerms.Norm ofKeys = RmsNorm.terms(keyNorm, x, call);
        return ofQueries == null || ofKeys == null
                ? null
                : new Projections(q, k, v, o, ofQueries, ofKeys);
    }

    @Override
    protected Block outputProjection() {
        return outputProj;
    }
}
