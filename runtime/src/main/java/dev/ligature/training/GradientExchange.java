package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.ligature.internal.loss.GradientSum;
import dev.ligature.internal.loss.Gradients;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Computes the gradients of a step's batches, in this process or in others.
 *
 * <p>The batches are in parts ({@link TrainingConfig#partitions()}), usually of one batch each. The
 * gradients of a part's batches are added in fp64, in their order, and rounded once; {@link
 * TrainingLoop} adds those of the parts in the same way, clips the sum and takes the step. So a
 * step is the same wherever its gradients are computed, bit for bit, if each gradient is. What
 * computes a part needs the trained parameters, the batches and their seeds, and nothing else: it
 * may do so again, or elsewhere.
 */
public interface GradientExchange extends AutoCloseable {
    /**
     * Computes the gradients of all parts of a step, and {@linkplain Step#add adds} them in the
     * order of the parts.
     *
     * @param step what is to be computed, and takes the results
     */
    void exchange(Step step);

    /** Frees what it holds; by default, nothing. */
    @Override
    default void close() {}

    /**
     * A batch as others may compute it.
     *
     * @param inputs what the block is given
     * @param labels what the loss is given beside the block's outputs
     * @param count how many items its loss is the mean of, at least 1
     * @param loss the name of the loss
     * @param seed what the engine's random numbers of the batch are seeded with; null for those
     *     that come
     */
    record MicroBatch(
            NDList inputs, NDList labels, long count, String loss, @Nullable Integer seed) {
        /** Checks that all is there. */
        public MicroBatch {
            Objects.requireNonNull(inputs, "inputs");
            Objects.requireNonNull(labels, "labels");
            Objects.requireNonNull(loss, "loss");
        }
    }

    /** A step of which the gradients are computed. */
    final class Step {
        private static final long STEP_SEEDS = 0x9E3779B97F4A7C15L;
        private static final long PLACE_SEEDS = 0xD1B54A32D192ED03L;

        private final long number;
        private final NDManager scope;
        private final Map<String, Parameter> parameters;
        private final List<List<Seeded>> parts;
        private final GradientSum sum;

        /**
         * Creates it.
         *
         * @param number its number, from 1
         * @param scope the owner of its arrays
         * @param parameters what is trained, by names
         * @param batches the batches; one without items is passed over
         * @param config the settings of the training
         */
        Step(
                long number,
                NDManager scope,
                Map<String, Parameter> parameters,
                List<StepBatch> batches,
                TrainingConfig config) {
            this.number = number;
            this.scope = scope;
            this.parameters = Collections.unmodifiableMap(parameters);
            this.parts = parts(seeded(batches, number, config.seed()), config.partitions());
            this.sum = new GradientSum(scope);
        }

        /** Returns the number of the step, from 1. */
        public long number() {
            return number;
        }

        /** Returns a manager whose arrays are freed with the step. */
        public NDManager scope() {
            return scope;
        }

        /**
         * Returns the values of the trained parameters by their names, in the order in which
         * gradients are added. They share memory with the parameters.
         */
        public Map<String, NDArray> parameters() {
            Map<String, NDArray> values = new LinkedHashMap<>();
            parameters.forEach(
                    (name, parameter) ->
                            values.put(name, LoopState.view(parameter.getArray(), scope)));
            return values;
        }

        /**
         * Returns the parts, each with one batch or more; a batch without items is in none. The
         * arrays are the step's.
         */
        public List<List<MicroBatch>> parts() {
            return parts.stream().map(part -> part.stream().map(Step::described).toList()).toList();
        }

        private static MicroBatch described(Seeded seeded) {
            TrainingBatch batch = seeded.batch.described().get();
            return new MicroBatch(
                    batch.inputs(),
                    batch.labels(),
                    batch.count(),
                    batch.loss().getName(),
                    seeded.seed);
        }

        /**
         * Adds the gradients of the next part.
         *
         * @param gradients a gradient for each of {@link #parameters()}, in their order; they stay
         *     the caller's
         * @param items the items of the part
         * @param loss the mean loss of the items
         */
        public void add(NDList gradients, long items, double loss) {
            Objects.requireNonNull(gradients, "gradients");
            if (gradients.size() != parameters.size()) {
                throw TrainingMessage.GRADIENTS.error(number, gradients.size(), parameters.size());
            }
            sum.add(gradients, items, loss);
        }

        /** Has what each batch draws follow from its place in the step. */
        private static List<Seeded> seeded(
                List<StepBatch> batches, long number, @Nullable Integer seed) {
            List<Seeded> seeded = new ArrayList<>();
            for (StepBatch batch : batches) {
                Integer own = seed == null ? null : mixed(seed, number, seeded.size());
                seeded.add(new Seeded(batch, own));
            }
            return seeded;
        }

        private static int mixed(int seed, long number, int place) {
            return new SplittableRandom(seed + STEP_SEEDS * number + PLACE_SEEDS * place).nextInt();
        }

        /** Divides batches into parts whose numbers of batches differ by one at most. */
        private static List<List<Seeded>> parts(
                List<Seeded> batches, @Nullable Integer partitions) {
            int count = partitions == null ? batches.size() : Math.min(partitions, batches.size());
            List<List<Seeded>> parts = new ArrayList<>();
            for (int part = 0; part < count; part++) {
                int from = (int) ((long) part * batches.size() / count);
                int to = (int) ((part + 1L) * batches.size() / count);
                List<Seeded> some =
                        batches.subList(from, to).stream()
                                .filter(each -> each.batch.count() > 0)
                                .toList();
                if (!some.isEmpty()) {
                    parts.add(some);
                }
            }
            return parts;
        }

        GradientSum sum() {
            return sum;
        }

        /**
         * A batch made ready.
         *
         * @param batch the batch
         * @param seed what the engine's random numbers are seeded with, if they are
         */
        record Seeded(StepBatch batch, @Nullable Integer seed) {}
    }

    /**
     * Computes gradients in this process, one batch after the other.
     *
     * <p>Each {@link TrainingLoop} has one, unless it is given another exchange. An exchange with
     * other processes has one in each of them, over a copy of the block.
     */
    final class Local implements GradientExchange {
        private final Block block;
        private final TrainingPass passes;
        private final NDManager manager;

        /** Creates the one of a loop, whose passes and manager stay the loop's. */
        Local(Block block, TrainingPass passes, NDManager manager) {
            this.block = block;
            this.passes = passes;
            this.manager = manager;
        }

        /**
         * Returns one over a copy of a block that is trained elsewhere.
         *
         * @param block the block, initialised; only its trainable parameters change
         * @param manager the parent of all that is allocated; its device computes
         * @param memory what may be in memory at once, as in the training
         * @throws dev.ligature.LoraException as {@link TrainingLoop#over(Block, NDManager,
         *     TrainingConfig)}
         */
        public static Local over(Block block, NDManager manager, TrainingMemory memory) {
            Objects.requireNonNull(block, "block");
            Objects.requireNonNull(manager, "manager");
            Objects.requireNonNull(memory, "memory");
            LoopState.trainable(block, manager.getDevice());
            NDManager own = manager.newSubManager();
            Sgd unused = Sgd.builder().setManager(own).build(); // which DJL's trainer asks for
            return new Local(block, new TrainingPass(block, own, unused, memory), own);
        }

        /**
         * The gradients of a part of a step.
         *
         * @param gradients a gradient for each parameter
         * @param items the items of the part
         * @param loss the mean loss of the items
         */
        public record Result(NDList gradients, long items, double loss) {}

        /** The items of a part, and their mean loss. */
        private record Totals(long items, double loss) {}

        /**
         * Takes the values of the trained parameters, and computes the gradients of a part of a
         * step by them. For one thread at a time.
         *
         * @param parameters the values by their names, as {@link Step#parameters()} has them; they
         *     stay the caller's
         * @param batches the batches of the part, at least one, each with items
         * @param seeds what the engine's random numbers of each are seeded with; null for those
         *     that come
         * @param scope the owner of the gradients, which come in the order of the parameters
         * @throws dev.ligature.LoraException {@code TrainState} if the block trains other
         *     parameters; or as {@link TrainingLoop#step(TrainingBatch...)}
         */
        public Result compute(
                Map<String, NDArray> parameters,
                List<TrainingBatch> batches,
                List<@Nullable Integer> seeds,
                NDManager scope) {
            Objects.requireNonNull(parameters, "parameters");
            Objects.requireNonNull(batches, "batches");
            Objects.requireNonNull(seeds, "seeds");
            Objects.requireNonNull(scope, "scope");
            Map<String, Parameter> own = LoopState.trainable(block, manager.getDevice());
            LoopState.requireSame(parameters, own);
            try (NDManager used = manager.newSubManager()) {
                own.forEach(
                        (name, parameter) ->
                                LoopState.write(
                                        Objects.requireNonNull(parameters.get(name)),
                                        parameter,
                                        used));
                LoopState.announce(block);
                Gradients.drop(own.values(), manager); // those of a part that failed
                List<Step.Seeded> prepared = new ArrayList<>();
                for (int i = 0; i < batches.size(); i++) {
                    StepBatch batch = StepBatch.of(batches.get(i), used);
                    StepBatch.checkItems(batch.count());
                    prepared.add(new Step.Seeded(batch, seeds.get(i)));
                }
                Totals totals = part(prepared, own.values());
                NDList taken = new NDList();
                try (Gradients gradients = Gradients.of(own.values(), used)) {
                    for (NDArray gradient : gradients.arrays()) {
                        NDArray copy = gradient.duplicate();
                        copy.attach(scope);
                        taken.add(copy);
                    }
                }
                return new Result(taken, totals.items, totals.loss);
            }
        }

        @Override
        public void exchange(Step step) {
            Objects.requireNonNull(step, "step");
            Collection<Parameter> parameters = step.parameters.values();
            for (List<Step.Seeded> each : step.parts) {
                Totals totals = part(each, parameters);
                if (step.parts.size() == 1) {
                    step.sum.addLoss(totals.items, totals.loss); // and the gradients are in place
                } else {
                    move(parameters, step.sum, totals);
                }
            }
        }

        /** Leaves the gradients of a part in those of the parameters, which are zero before. */
        private Totals part(List<Step.Seeded> batches, Collection<Parameter> parameters) {
            try (GradientSum sum = new GradientSum(manager)) {
                for (Step.Seeded each : batches) {
                    long items = each.batch.count();
                    Totals totals = new Totals(items, passes.backward(each.batch, each.seed));
                    if (batches.size() == 1) {
                        return totals;
                    }
                    move(parameters, sum, totals);
                }
                try (Gradients gradients = Gradients.of(parameters, manager)) {
                    sum.writeTo(gradients.arrays());
                }
                return new Totals(sum.items(), sum.loss());
            }
        }

        private void move(Collection<Parameter> from, GradientSum to, Totals totals) {
            try (Gradients gradients = Gradients.of(from, manager)) {
                to.add(gradients.arrays(), totals.items, totals.loss);
            }
            Gradients.drop(from, manager);
        }

        /** Frees what was allocated; the block stays as it is. */
        @Override
        public void close() {
            passes.close();
            manager.close();
        }
    }
}
