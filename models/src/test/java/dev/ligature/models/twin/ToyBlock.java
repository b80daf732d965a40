package dev.ligature.models.twin;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** A block without content, which random models extend. */
public class ToyBlock extends AbstractBlock {
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return inputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }

    /** Returns a name that tells a block from others: blocks of DJL have long descriptions. */
    static String name(Block block) {
        return block instanceof ToyBlock
                ? block.toString()
                : block.getClass().getSimpleName() + "@" + System.identityHashCode(block);
    }

    /** A block that can be told from others. */
    static final class Base extends ToyBlock {
        private final int number;

        Base(int number) {
            this.number = number;
        }

        @Override
        public String toString() {
            return "base" + number;
        }
    }

    /** What stands in the place of a block after an injection. */
    static final class Slot extends ToyBlock {
        private final Block base;

        Slot(Block base) {
            this.base = base;
        }

        Block base() {
            return base;
        }

        @Override
        public String toString() {
            return "slot(" + name(base) + ")";
        }
    }
}
