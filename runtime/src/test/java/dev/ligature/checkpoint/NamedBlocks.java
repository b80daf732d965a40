package dev.ligature.checkpoint;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.util.LinkedHashMap;
import java.util.Map;

/** A model of blocks under names, which is never run: for tests of what goes into parameters. */
public final class NamedBlocks extends AbstractBlock {
    public static final ModelWalk<NamedBlocks> VISIT =
            (model, visitor) ->
                    model.modules.forEach(
                            (name, block) -> visitor.module(name, Role.MODULE, block));

    private final Map<String, Block> modules = new LinkedHashMap<>();
    private final Map<Block, Shape> inputs = new LinkedHashMap<>();

    /** Adds a module with the input it is initialised with. */
    public NamedBlocks with(String name, Block block, Shape input) {
        modules.put(name, block);
        return unnamed(name, block, input);
    }

    /** Adds a child that no annotation names. */
    public NamedBlocks unnamed(String name, Block block, Shape input) {
        addChildBlock(name.replace('.', '_'), block);
        inputs.put(block, input);
        return this;
    }

    /** Adds a linear module without bias. */
    public NamedBlocks linear(String name, long in, long out) {
        Block block = Linear.builder().setUnits(out).optBias(false).build();
        return with(name, block, new Shape(1, in));
    }

    /** Adds a module with one vector that multiplies. */
    public NamedBlocks norm(String name, long size) {
        return with(name, new Norm(size), new Shape(1, size));
    }

    /** Returns the block of a module. */
    public Block module(String name) {
        return java.util.Objects.requireNonNull(modules.get(name), name);
    }

    /** Returns the only parameter of a module. */
    public Parameter parameter(String name) {
        return module(name).getDirectParameters().get(0).getValue();
    }

    /** Returns a Llama as far as its parameters go. */
    public static NamedBlocks llama(int layers, long vocabulary, long d, long keys, long inner) {
        NamedBlocks model = new NamedBlocks();
        TokenEmbedding embedding = new TokenEmbedding(vocabulary, d);
        model.with("model.embed_tokens", embedding, new Shape(1, 1));
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            model.linear(layer + "self_attn.q_proj", d, d);
            model.linear(layer + "self_attn.k_proj", d, keys);
            model.linear(layer + "self_attn.v_proj", d, keys);
            model.linear(layer + "self_attn.o_proj", d, d);
            model.linear(layer + "mlp.gate_proj", d, inner);
            model.linear(layer + "mlp.up_proj", d, inner);
            model.linear(layer + "mlp.down_proj", inner, d);
            model.norm(layer + "input_layernorm", d);
            model.norm(layer + "post_attention_layernorm", d);
        }
        model.norm("model.norm", d);
        return model.with("lm_head", new TiedLinear(embedding), new Shape(1, d));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... shapes) {
        inputs.forEach((block, input) -> block.initialize(manager, dataType, input));
    }

    /** A vector that multiplies. */
    static final class Norm extends AbstractBlock {
        Norm(long size) {
            addParameter(
                    Parameter.builder()
                            .setName("gain")
                            .setType(Parameter.Type.GAMMA)
                            .optShape(new Shape(size))
                            .build());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
