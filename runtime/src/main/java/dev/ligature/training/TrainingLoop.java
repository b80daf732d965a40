package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import dev.ligature.LoraException;
import dev.ligature.internal.loss.GradientSum;
import dev.ligature.internal.loss.Gradients;
import dev.ligature.training.schedule.LoraPlus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Trains the trainable parameters of a block.
 *
 * <p>Of a language model: to predict each token from those before it. The block takes {@code
 * NDList(ids (B, T) int64)} and gives logits (B, T, V), each from the tokens up to it. Of any other
 * block: by a loss of your own, with {@link TrainingBatch}.
 *
 * <p>The block is initialised, and what shall not change is frozen. The loop never initialises,
 * freezes, saves or closes it.
 *
 * <pre>{@code
 * TrainingConfig config = TrainingConfig.builder().optLearningRate(1e-3).optMaxGradNorm(1).build();
 * try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("mine")), manager, config)) {
 *     for (int i = 0; i < 100; i++) {
 *         StepMetrics metrics = loop.step(sampler);
 *     }
 * }
 * }</pre>
 *
 * <p>A loop is for one thread at a time; several loops may run in several threads, and take turns.
 */
public final class TrainingLoop implements AutoCloseable {
    private final Block block;
    private final NDManager manager;
    private final TrainingConfig config;
    private final Optimizer optimizer;
    private final TrainingPass passes;
    private final GradientExchange exchange;
    private final LoopState state;
    private final Map<String, Parameter> stepped = new HashMap<>(); // by their ids
    private long steps;
    private float learningRate;

    private TrainingLoop(
            Block block,
            NDManager manager,
            TrainingConfig config,
            @Nullable GradientExchange exchange) {
        this.block = block;
        this.manager = manager.newSubManager();
        this.config = config;
        LoraPlus plus = config.loraPlus();
        ParameterTracker current =
                plus == null
                        ? (id, count) -> learningRate // one for all of a step
                        : (id, count) -> (float) (learningRate * plus.factor(stepped(id)));
        this.optimizer =
                config.newOptimizer(
                        current, id -> plus == null || plus.decays(stepped(id)), this.manager);
        this.state = new LoopState(block, optimizer);
        this.passes = new TrainingPass(block, this.manager, optimizer, config.memory());
        this.exchange =
                exchange != null
                        ? exchange
                        : new GradientExchange.Local(block, passes, this.manager);
    }

    /**
     * Returns a loop over a block. Gradients that the block's parameters still have are dropped.
     *
     * @param block the block, initialised
     * @param manager the parent of all that the loop allocates; its device is trained on
     * @param config the settings
     * @throws LoraException if the block has nothing to train ({@code TrainNothing}), a parameter
     *     without array ({@code TrainNotInitialized}), or one on another device ({@code
     *     TrainDevice})
     */
    public static TrainingLoop over(Block block, NDManager manager, TrainingConfig config) {
        return make(block, manager, config, null);
    }

    /**
     * Returns a loop whose gradients are computed elsewhere. What it evaluates, it computes itself.
     *
     * @param block the block, initialised
     * @param manager the parent of all that the loop allocates
     * @param config the settings
     * @param exchange computes the gradients; it stays the caller's
     * @throws LoraException as {@link #over(Block, NDManager, TrainingConfig)}
     */
    public static TrainingLoop over(
            Block block, NDManager manager, TrainingConfig config, GradientExchange exchange) {
        return make(block, manager, config, Objects.requireNonNull(exchange, "exchange"));
    }

    private static TrainingLoop make(
            Block block,
            NDManager manager,
            TrainingConfig config,
            @Nullable GradientExchange exchange) {
        Gradients.drop(LoopState.trainable(block, manager.getDevice()).values(), manager);
        return new TrainingLoop(block, manager, config, exchange);
    }

    /**
     * Takes one optimizer step on one or more batches.
     *
     * @param microBatches token ids, each (B, T) int64; the shapes may differ. They stay the
     *     caller's
     * @return the step's metrics
     * @throws LoraException {@code TrainDiverged} if the gradients are not finite; no parameter has
     *     changed then
     */
    public StepMetrics step(NDArray... microBatches) {
        return step(Arrays.stream(microBatches).map(TokenBatch::of).toList());
    }

    /**
     * Takes one optimizer step on as many of a sampler's batches as {@link
     * TrainingConfig#accumulationSteps()} says.
     *
     * @param sampler where the batches come from
     * @return the step's metrics
     * @throws LoraException {@code TrainDiverged} if the gradients are not finite; no parameter has
     *     changed then
     */
    public StepMetrics step(BatchSampler sampler) {
        checkOpen();
        try (NDManager drawn = manager.newSubManager()) {
            List<TokenBatch> batches = new ArrayList<>();
            for (int i = 0; i < config.accumulationSteps(); i++) {
                batches.add(TokenBatch.of(sampler.next(drawn)));
            }
            return step(batches);
        }
    }

    /**
     * Takes one optimizer step on one or more batches, of which some tokens may not count.
     *
     * <p>The loss is the mean over all tokens that count in the step, wherever they are: a batch
     * with twice the tokens has twice the weight.
     *
     * @param microBatches the batches, at least one; they stay the caller's
     * @return the step's metrics
     * @throws LoraException if no token counts ({@code TrainNoTokens}), or the gradients are not
     *     finite ({@code TrainDiverged}); no parameter has changed then
     */
    public StepMetrics step(List<TokenBatch> microBatches) {
        return take(microBatches, StepBatch::of);
    }

    /**
     * Takes one optimizer step on one or more batches with a loss of their own.
     *
     * <p>The loss is the mean over all items of the step, wherever they are: a batch with twice the
     * items has twice the weight.
     *
     * @param microBatches the batches, at least one; they stay the caller's
     * @return the step's metrics, with items in place of tokens
     * @throws LoraException if there is no item ({@code TrainNoTokens}), a loss is not one number
     *     ({@code TrainLoss}), or the gradients are not finite ({@code TrainDiverged}); no
     *     parameter has changed then
     */
    public StepMetrics step(TrainingBatch... microBatches) {
        return take(Arrays.asList(microBatches), StepBatch::of);
    }

    private <T> StepMetrics take(
            List<T> microBatches, BiFunction<T, NDManager, StepBatch> prepare) {
        checkOpen();
        long begin = System.nanoTime();
        Map<String, Parameter> trainable = LoopState.trainable(block, manager.getDevice());
        trainable.values().forEach(parameter -> stepped.put(parameter.getId(), parameter));
        learningRate = config.schedule().getNewValue(Math.toIntExact(steps + 1));
        try (NDManager scope = manager.newSubManager()) {
            List<StepBatch> batches =
                    microBatches.stream().map(batch -> prepare.apply(batch, scope)).toList();
            long items = batches.stream().mapToLong(StepBatch::count).sum();
            StepBatch.checkItems(items);
            boolean stepped = false;
            try {
                GradientExchange.Step step =
                        new GradientExchange.Step(steps + 1, scope, trainable, batches, config);
                exchange.exchange(step);
                GradientSum sum = step.sum();
                if (sum.items() != items) {
                    throw TrainingMessage.EXCHANGED_ITEMS.error(steps + 1, sum.items(), items);
                }
                double norm = update(trainable.values(), sum);
                stepped = true;
                double seconds = (System.nanoTime() - begin) / 1e9;
                return new StepMetrics(++steps, sum.loss(), norm, learningRate, items / seconds);
            } finally {
                if (!stepped) { // or the next step begins with half of this one's gradients
                    Gradients.drop(trainable.values(), manager);
                }
            }
        }
    }

    /**
     * Returns the mean loss per predicted token, in nats, without training. Its exponential is the
     * perplexity.
     *
     * @param batches token ids, each (B, T) int64; they stay the caller's
     */
    public double evaluate(Iterable<NDArray> batches) {
        return mean(batches, (ids, scope) -> StepBatch.of(TokenBatch.of(ids), scope));
    }

    /**
     * Returns the mean loss per item, without training.
     *
     * @param batches the batches, at least one; they stay the caller's
     */
    public double evaluate(TrainingBatch... batches) {
        return mean(Arrays.asList(batches), StepBatch::of);
    }

    private <T> double mean(Iterable<T> batches, BiFunction<T, NDManager, StepBatch> prepare) {
        checkOpen();
        double sum = 0;
        long items = 0;
        for (T each : batches) {
            try (NDManager scope = manager.newSubManager();
                    StepBatch batch = prepare.apply(each, scope)) {
                if (batch.count() > 0) {
                    sum += passes.evaluate(batch);
                    items += batch.count();
                }
            }
        }
        StepBatch.checkItems(items);
        return sum / items;
    }

    /** Returns how many steps the loop has taken. */
    public long steps() {
        return steps;
    }

    /**
     * Returns what a loop needs to go on as this one would: the trainable parameters, what the
     * optimizer remembers of each, and the number of steps. Written with {@code SafetensorsWriter},
     * it loses nothing.
     *
     * @param scope the owner of the arrays. Those of the parameters and the optimizer share memory
     *     with this loop's, and change with its next step
     */
    public Map<String, NDArray> state(NDManager scope) {
        checkOpen();
        return state.arrays(steps, scope);
    }

    /**
     * Goes on where another loop was: copies the values of a {@link #state} into the parameters,
     * the optimizer and the number of steps. Without the arrays of the optimizer, it begins anew.
     *
     * @param arrays the state; they stay the caller's
     * @throws LoraException {@code TrainState} if they are not of such parameters and such an
     *     optimizer; nothing has changed then
     */
    public void restore(Map<String, NDArray> arrays) {
        checkOpen();
        steps = state.restore(arrays, manager);
    }

    private Parameter stepped(String id) {
        return Objects.requireNonNull(stepped.get(id), id);
    }

    /** Returns the optimizer, whose state can be read. */
    public Optimizer optimizer() {
        return optimizer;
    }

    /** Frees what the loop allocated, the optimizer's state included; the block stays as it is. */
    @Override
    public void close() {
        passes.close();
        manager.close();
    }

    private void checkOpen() {
        if (!manager.isOpen()) {
            throw TrainingMessage.CLOSED.state();
        }
    }

    private LoraException diverged(double norm, double loss) {
        return Gradients.notFinite(block, manager)
                .map(name -> TrainingMessage.NOT_FINITE.error(steps + 1, norm, name))
                .orElseGet(
                        () -> TrainingMessage.DIVERGED.error(steps + 1, norm, loss, learningRate));
    }

    /** Clips, steps, and returns the norm before clipping. */
    private double update(Collection<Parameter> trainable, GradientSum sum) {
        try (Gradients gradients = Gradients.of(trainable, manager)) {
            sum.writeTo(gradients.arrays());
            double norm = gradients.norm();
            if (!Double.isFinite(norm)) {
                throw diverged(norm, sum.loss());
            }
            GradientClipping.clip(gradients, norm, config.maxGradNorm());
            gradients.step(optimizer);
            return norm;
        }
    }
}
