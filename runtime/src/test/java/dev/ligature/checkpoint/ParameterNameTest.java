package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.internal.model.ModelTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parameters that can have no name in a checkpoint, or none that a load reaches. */
class ParameterNameTest {
    private static final Shape INPUT = new Shape(1, 3);

    @TempDir private Path directory;

    @Test
    void twoWeightsOfOneModule_wouldHaveOneName() {
        Vectors block = new Vectors().add("gain", Parameter.Type.GAMMA);
        block.add("scale", Parameter.Type.WEIGHT);
        assertEquals(
                "[LoraParameterNames] Parameters gain and scale of one module would both be"
                        + " norm.weight in a checkpoint. Split the block, so that each has one"
                        + " weight and one bias at most.",
                refusal(new NamedBlocks().with("norm", block, INPUT)));
    }

    @Test
    void aParameterThatIsNeitherWeightNorBias_hasNoName() {
        Vectors block = new Vectors().add("mean", Parameter.Type.RUNNING_MEAN);
        assertEquals(
                "[LoraParameterType] Parameter mean of module norm has the type RUNNING_MEAN, which"
                        + " has no name in a checkpoint. Give it the type WEIGHT, GAMMA, BIAS or"
                        + " BETA.",
                refusal(new NamedBlocks().with("norm", block, INPUT)));
    }

    @Test
    void aModuleThatIsNoChildOfTheModel_isNotInitialisedWithIt() throws IOException {
        Block stray = new NamedBlocks.Norm(3);
        NamedBlocks model = new NamedBlocks().norm("norm", 3);
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> load(model, Map.of("norm", model.module("norm"), "stray", stray)));
        assertEquals(
                "[LoraNotAChild] Parameter stray.weight was not initialised with NamedBlocks: the"
                        + " block that owns it is not a child of the model. Add it with"
                        + " addChildBlock.",
                error.getMessage());
    }

    private static String refusal(NamedBlocks model) {
        LoraException error =
                assertThrows(LoraException.class, () -> ModelTensors.of(model, NamedBlocks.VISIT));
        return error.getMessage();
    }

    /** Loads ones into a model whose annotations name the given modules. */
    private void load(NamedBlocks model, Map<String, Block> modules) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray ones = manager.ones(new Shape(3));
            SafetensorsWriter.write(
                    directory.resolve("model.safetensors"),
                    Map.of("norm.weight", ones, "stray.weight", ones),
                    Map.of());
            try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
                checkpoint.load(
                        model,
                        (ignored, visitor) ->
                                modules.forEach(
                                        (name, block) -> visitor.module(name, Role.MODULE, block)),
                        manager,
                        LoadOptions.defaults(),
                        INPUT);
            }
        }
    }

    /** A block of three-vectors, which is never run. */
    private static final class Vectors extends AbstractBlock {
        Vectors add(String name, Parameter.Type type) {
            addParameter(
                    Parameter.builder().setName(name).setType(type).optShape(new Shape(3)).build());
            return this;
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
