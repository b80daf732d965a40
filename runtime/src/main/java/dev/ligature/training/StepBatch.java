package dev.ligature.training;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.internal.loss.HeadLoss;
import dev.ligature.internal.loss.RowLoss;
import dev.ligature.internal.loss.Targets;
import dev.ligature.ops.GradientTape;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A batch made ready for a pass. Owns its arrays and the scope that those of the pass go to.
 *
 * @param scope the manager of the arrays, and of what is computed from them
 * @param inputs what the block is given
 * @param count how many items its loss is the mean of
 * @param cost what the outputs cost
 * @param wanted the classes that the outputs are to predict, if their probabilities are all that
 *     the loss depends on
 * @param refused what to report if the block fails on the inputs
 * @param described the same for those who compute it elsewhere
 */
record StepBatch(
        NDManager scope,
        NDList inputs,
        long count,
        Cost cost,
        @Nullable Supplier<HeadLoss.Wanted> wanted,
        TrainingMessage refused,
        Supplier<TrainingBatch> described)
        implements AutoCloseable {
    /** Returns the sum of the losses of a batch's items, divided by a number of items: (). */
    @FunctionalInterface
    interface Cost {
        NDArray of(NDList outputs, long items, @Nullable GradientTape tape);
    }

    /** Prepares token ids: the block is given every token but the last, and predicts the next. */
    static StepBatch of(TokenBatch batch, NDManager manager) {
        Shape shape = batch.ids().getShape();
        if (shape.dimension() != 2 || shape.get(1) < 2 || !isIntegral(batch.ids().getDataType())) {
            throw TrainingMessage.BATCH_SHAPE.error(batch.ids().getDataType(), shape);
        }
        if (!batch.labels().getShape().equals(shape)) {
            throw TrainingMessage.LABEL_SHAPE.error(shape, batch.labels().getShape());
        }
        NDManager scope = manager.newSubManager();
        NDArray ids =
                Targets.copy(batch.ids().get(scope, new NDIndex(":, :-1")), scope); // (B, T − 1)
        Targets targets = Targets.next(batch.labels(), batch.labels() != batch.ids(), scope);
        return new StepBatch(
                scope,
                new NDList(ids),
                targets.count(),
                (outputs, items, tape) ->
                        targets.negativeMean(logits(outputs, ids.getShape()), items, tape),
                () -> new HeadLoss.Wanted(targets, null),
                TrainingMessage.BLOCK,
                () ->
                        TrainingBatch.classes(
                                new NDList(ids), batch.labels().get(scope, new NDIndex(":, 1:"))));
    }

    /** Prepares a batch with a loss of its own. */
    static StepBatch of(TrainingBatch batch, NDManager manager) {
        NDManager scope = manager.newSubManager();
        NDList labels = copies(batch.labels(), scope);
        return new StepBatch(
                scope,
                copies(batch.inputs(), scope),
                batch.count(),
                batch.predictsClasses() ? classes(labels) : own(batch, labels, scope),
                wanted(batch, labels, scope),
                TrainingMessage.INPUTS,
                () -> batch);
    }

    /** Returns the cost of logits as of token ids: a tape computes it, if there is one. */
    private static Cost classes(NDList labels) {
        return (outputs, items, tape) -> {
            NDArray logits = outputs.head(); // (…, C)
            return Targets.same(labels.head(), logits).negativeMean(logits, items, tape);
        };
    }

    private static Cost own(TrainingBatch batch, NDList labels, NDManager scope) {
        return (outputs, items, tape) -> {
            NDArray mean = batch.loss().evaluate(labels, outputs);
            if (mean == null) { // a user's class
                throw TrainingMessage.LOSS_MISSING.error(batch.loss().getName());
            }
            if (mean.size() != 1) {
                throw TrainingMessage.LOSS_SHAPE.error(batch.loss().getName(), mean.getShape());
            }
            // A scalar array: autograd would use a Java number after Java has freed it.
            float share = (float) batch.count() / items;
            return items == batch.count()
                    ? mean
                    : mean.mul(scope.full(new Shape(), share, DataType.FLOAT32));
        };
    }

    private static @Nullable Supplier<HeadLoss.Wanted> wanted(
            TrainingBatch batch, NDList labels, NDManager scope) {
        if (batch.predictsClasses()) {
            return () -> new HeadLoss.Wanted(Targets.of(labels.head(), scope), null);
        }
        if (batch.loss() instanceof RowLoss.OfLabels rows) {
            return () -> new HeadLoss.Wanted(Targets.of(labels.head(), scope), rows.with(labels));
        }
        return null;
    }

    /** Returns what is wanted of a model's head; null if a loss of its own reads the outputs. */
    HeadLoss.@Nullable Wanted ofHead() {
        return wanted == null ? null : wanted.get();
    }

    private static NDArray logits(NDList outputs, Shape ids) {
        Shape shape = outputs.isEmpty() ? new Shape() : outputs.head().getShape();
        if (outputs.size() != 1 || shape.dimension() != 3 || !ids.equals(shape.slice(0, 2))) {
            throw TrainingMessage.BLOCK.error("int64 " + ids, "its output has the shape " + shape);
        }
        return outputs.head();
    }

    /** Throws if there is nothing that a loss could be the mean of. */
    static void checkItems(long items) {
        if (items == 0) {
            throw TrainingMessage.NO_TOKENS.error(NextTokenLoss.IGNORED);
        }
    }

    /** Returns copies, so that what is computed from them is freed with the scope. */
    private static NDList copies(NDList arrays, NDManager scope) {
        NDList copies = new NDList();
        for (NDArray array : arrays) {
            NDArray copy = array.toDevice(scope.getDevice(), false).duplicate();
            copy.attach(scope);
            copies.add(copy);
        }
        return copies;
    }

    /** Returns the error of a block that fails on the inputs. */
    LoraException refusal(EngineException e) {
        LoraException error = refused.error(shapes(), String.valueOf(e.getMessage()));
        error.addSuppressed(e);
        return error;
    }

    /** Returns what is the same in batches of which a block takes all or none. */
    String kind() {
        return refused == TrainingMessage.BLOCK ? "token ids" : shapes();
    }

    private String shapes() {
        return inputs.stream()
                .map(input -> input.getDataType() + " " + input.getShape())
                .collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        scope.close();
    }

    private static boolean isIntegral(DataType type) {
        return type == DataType.INT64 || type == DataType.INT32;
    }
}
