package dev.ligature.block;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.ligature.plan.ModuleKind;

/**
 * A block of a model author's own that adapters can change, as they change DJL's {@code Linear}: it
 * says how it reads its weight. A block that says nothing, and is none of DJL's or Ligature's
 * kinds, can only be given a whole copy of its parameters ({@code modules_to_save}), or W + ΔW by
 * {@code target_parameters}.
 *
 * <p>The block's forward pass must be the one of its kind, and read each parameter from its {@code
 * ParameterStore}, because adapters add their terms to its output:
 *
 * <ul>
 *   <li>{@link ModuleKind#LINEAR}: one input x of shape (…, in), and the output x Wᵀ + bias of
 *       shape (…, out)
 *   <li>{@link ModuleKind#EMBEDDING}: the rows W[ids] of token ids, of shape (…, d), not scaled
 * </ul>
 *
 * <p>A bias is a direct parameter of the block, of type {@code BIAS}. The weight may be another
 * block's: the block is then a tied reader, which {@code @Tied} declares. An example, the {@code
 * Conv1D} of GPT-2, which stores W as (in, out):
 *
 * <pre>{@code
 * final class Conv1D extends AbstractBlock implements AdaptableBlock {
 *     private final Parameter weight; // (in, out)
 *     private final Parameter bias; // (out)
 *     …
 *     public ModuleKind moduleKind() {
 *         return ModuleKind.LINEAR;
 *     }
 *
 *     public Parameter weight() {
 *         return weight;
 *     }
 *
 *     public boolean isWeightTransposed() {
 *         return true;
 *     }
 *
 *     protected NDList forwardInternal(
 *             ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
 *         NDArray x = inputs.singletonOrThrow(); // (…, in)
 *         NDArray w = store.getValue(weight, x.getDevice(), training);
 *         return new NDList(x.matMul(w).add(store.getValue(bias, x.getDevice(), training)));
 *     }
 * }
 * }</pre>
 */
public interface AdaptableBlock extends Block {
    /**
     * Returns how the block reads its weight: {@link ModuleKind#LINEAR}, {@link
     * ModuleKind#EMBEDDING}, or {@link ModuleKind#OTHER} if adapters cannot add to its output.
     */
    ModuleKind moduleKind();

    /** Returns the weight, a matrix that the block or another block owns. */
    Parameter weight();

    /**
     * Returns whether the weight is stored transposed: a linear's as (in, out), an embedding's as
     * (d, V). Adapters and their files are the same either way; PEFT calls it {@code
     * fan_in_fan_out}.
     */
    default boolean isWeightTransposed() {
        return false;
    }
}
