package dev.ligature.training;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import dev.ligature.LoraException;
import dev.ligature.internal.loss.Gradients;
import dev.ligature.internal.loss.HeadLoss;
import dev.ligature.internal.loss.LayerReplay;
import dev.ligature.internal.loss.PartPasses;
import dev.ligature.internal.loss.PassParts;
import dev.ligature.internal.route.TapedBlock;
import dev.ligature.internal.slot.CollectorTurn;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.OperatorLookup;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The passes of a loop: a batch forward, and back where it trains. For one thread at a time.
 *
 * <p>Forward and backward go through DJL's {@code Trainer}. Its {@code step()} is not used: it
 * fails where gradients add up to exactly zero, leaves a handle for every gradient behind, and
 * copies each of them.
 */
final class TrainingPass implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(TrainingPass.class);

    private final NDManager manager;
    private final TrainingMemory memory;
    private final TapedBlock taped;
    private final Model model;
    private final Trainer trainer;
    private @Nullable String taken; // what the inputs were that the block has taken last
    private boolean taping = true; // whether the engine's tape takes the block
    private boolean forwarded; // whether the pass under way has begun to go back

    TrainingPass(Block block, NDManager manager, Optimizer optimizer, TrainingMemory memory) {
        this.manager = manager;
        this.memory = memory;
        this.taped = new TapedBlock(block);
        if (memory.recomputesLayers() && !taped.isLayered()) {
            throw TrainingMessage.NOT_LAYERED.error(taped.model().getClass().getSimpleName());
        }
        this.model = manager.getEngine().newModel("training", manager.getDevice());
        model.setBlock(taped);
        this.trainer =
                model.newTrainer(
                        new DefaultTrainingConfig(new NextTokenLoss())
                                .optOptimizer(optimizer)
                                .optDevices(new Device[] {manager.getDevice()}));
    }

    @Override
    public void close() {
        model.close(); // and with it the trainer's manager
    }

    /** Returns the sum of the losses of a batch's items, without training. */
    double evaluate(StepBatch batch) {
        PassParts parts = new PassParts(head(batch, 1, null, null), null);
        return Gradients.read(forward(batch, trainer::evaluate, parts, 1, null).loss());
    }

    /**
     * Adds the gradients of the mean loss of a batch's items to the parameters', and returns the
     * loss.
     *
     * @param seed seeds the engine's random numbers; null for those that come
     */
    double backward(StepBatch batch, @Nullable Integer seed) {
        CollectorTurn.LOCK.lock(); // loops of several threads take turns
        try (batch) {
            seed(seed);
            GradientTape tape =
                    taping ? OperatorLookup.engine(manager).record(batch.scope()) : null;
            return tape == null ? pass(batch, null) : onTape(batch, seed, tape);
        } finally {
            CollectorTurn.LOCK.unlock();
        }
    }

    private void seed(@Nullable Integer seed) {
        if (seed != null) {
            manager.getEngine().setRandomSeed(seed);
        }
    }

    /** Goes forward and back; without the tape where the block does what the tape forbids. */
    private double onTape(StepBatch batch, @Nullable Integer seed, GradientTape tape) {
        try (tape) {
            return pass(batch, tape);
        } catch (EngineException | LoraException e) {
            if (forwarded) {
                throw e;
            }
            seed(seed); // what is drawn does not tell whether there was a tape
            double loss = pass(batch, null);
            taping = false; // it was the tape, and not the batch
            TrainingMessage message = TrainingMessage.UNTAPED;
            LOGGER.warn("[{}] {}", message.code(), message.text(String.valueOf(e.getMessage())));
            return loss;
        }
    }

    private double pass(StepBatch batch, @Nullable GradientTape tape) {
        long items = batch.count();
        forwarded = false;
        try (GradientCollector collector = newCollector()) {
            Parts parts = new Parts(collector, tape);
            HeadLoss head = head(batch, items, tape, parts);
            LayerReplay layers =
                    memory.recomputesLayers() ? new LayerReplay(batch.scope(), parts) : null;
            // What lies before the layers goes back when the tape has done so, once.
            taped.recordOn(layers == null ? tape : null);
            PassParts all = new PassParts(head, layers);
            HeadLoss.Result result = forward(batch, trainer::forward, all, items, tape);
            back(collector, result.root(), tape);
            NDArray rest = layers == null ? null : layers.backward();
            if (rest != null) {
                collector.backward(rest);
            }
            return Gradients.read(result.loss());
        } finally {
            taped.recordOn(null);
        }
    }

    /** Goes through parts of a pass, on tapes of their own if the whole pass has one. */
    private final class Parts implements PartPasses {
        private final GradientCollector collector;
        private final @Nullable GradientTape whole;

        Parts(GradientCollector collector, @Nullable GradientTape whole) {
            this.collector = collector;
            this.whole = whole;
        }

        @Override
        public NDArray apply(NDManager scope, Function<@Nullable GradientTape, NDArray> loss) {
            try (GradientTape tape = newTape(scope)) {
                taped.recordOn(tape);
                NDArray value = loss.apply(tape);
                back(collector, value, tape);
                return value;
            } finally {
                taped.recordOn(whole);
            }
        }

        @Override
        public NDArray forward(NDManager scope, UnaryOperator<NDArray> part, NDArray x) {
            try (GradientTape tape = newTape(scope)) {
                taped.recordOn(tape);
                return part.apply(x);
            } finally {
                taped.recordOn(whole);
            }
        }

        private @Nullable GradientTape newTape(NDManager scope) {
            return whole == null ? null : OperatorLookup.engine(manager).record(scope);
        }
    }

    private void back(GradientCollector collector, NDArray loss, @Nullable GradientTape tape) {
        forwarded = true;
        if (tape == null) {
            collector.backward(loss);
        } else {
            tape.backward(loss);
        }
    }

    private @Nullable HeadLoss head(
            StepBatch batch, long items, @Nullable GradientTape tape, @Nullable PartPasses parts) {
        HeadedModel model = taped.headed();
        HeadLoss.Wanted wanted = model == null ? null : batch.ofHead();
        return model == null || wanted == null
                ? null
                : new HeadLoss(
                        wanted, model.vocabularySize(), items, memory.logitBytes(), tape, parts);
    }

    /** Forwards a batch; one that goes well shows that the block takes such batches. */
    private HeadLoss.Result forward(
            StepBatch batch,
            UnaryOperator<NDList> block,
            PassParts parts,
            long items,
            @Nullable GradientTape tape) {
        NDList outputs;
        taped.computeBy(parts);
        try {
            outputs = block.apply(batch.inputs());
        } catch (EngineException e) {
            throw batch.kind().equals(taken) ? e : batch.refusal(e);
        } finally {
            taped.computeBy(null);
        }
        outputs.attach(batch.scope()); // so that what is computed from it is freed with the batch
        HeadLoss.Result result = parts.head() == null ? null : parts.head().result();
        if (result == null) {
            NDArray loss = batch.cost().of(outputs, items, tape);
            result = new HeadLoss.Result(loss, loss);
        }
        taken = batch.kind();
        return result;
    }

    private GradientCollector newCollector() {
        try {
            return trainer.newGradientCollector();
        } catch (IllegalStateException e) {
            throw TrainingMessage.COLLECTING.state();
        }
    }
}
