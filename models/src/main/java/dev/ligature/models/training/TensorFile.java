package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Batches that a safetensors file prescribes, in its order. */
public final class TensorFile implements TrainingData, EvaluationData {
    private final TrainingTask<?> task;
    private final Map<BatchTensor, Tensor> tensors;
    private final int steps;
    private int next;

    private TensorFile(TrainingTask<?> task, Map<BatchTensor, Tensor> tensors, int steps) {
        this.task = task;
        this.tensors = tensors;
        this.steps = steps;
    }

    /** A tensor of all steps. */
    private static final class Tensor {
        private final long[] values;
        private final Shape step; // without the axis of the steps

        Tensor(long[] values, Shape step) {
            this.values = values;
            this.step = step;
        }

        NDArray of(int step, NDManager manager) {
            int size = Math.toIntExact(this.step.size());
            long[] part = new long[size];
            System.arraycopy(values, step * size, part, 0, size);
            return manager.create(part, this.step);
        }
    }

    /**
     * Reads a file; tensors that the task has no use for are passed over.
     *
     * @param file the safetensors file
     * @param kind the kind of the task
     * @param task the task
     * @param vocabulary token ids must be below
     * @param manager for the reading alone
     * @throws IOException if a tensor is missing or wrong; the message names it
     */
    public static TensorFile read(
            Path file, TaskKind kind, TrainingTask<?> task, int vocabulary, NDManager manager)
            throws IOException {
        Map<BatchTensor, Tensor> tensors = new EnumMap<>(BatchTensor.class);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Shape first = new Shape();
            for (BatchTensor tensor : task.tensors()) {
                if (!reader.tensors().containsKey(tensor.title())) {
                    if (tensor.isOptional()) {
                        continue;
                    }
                    throw ModelMessage.BATCH_TENSOR_MISSING.fileError(
                            file, tensor.title(), kind, names(task.tensors()));
                }
                TensorInfo info = reader.tensor(tensor.title());
                first = tensors.isEmpty() ? info.shape() : first;
                check(file, tensor, info, first);
                tensors.put(tensor, read(file, tensor, reader, vocabulary, manager));
            }
            return new TensorFile(task, tensors, Math.toIntExact(first.get(0)));
        }
    }

    private static String names(List<BatchTensor> tensors) {
        return tensors.stream()
                .map(
                        tensor ->
                                (tensor.isOptional() ? "perhaps " : "")
                                        + tensor.title()
                                        + " "
                                        + tensor.shape())
                .collect(Collectors.joining(", "));
    }

    private static void check(Path file, BatchTensor tensor, TensorInfo info, Shape first)
            throws IOException {
        Shape shape = info.shape();
        boolean whole = info.dtype() == TensorDtype.I64 || info.dtype() == TensorDtype.I32;
        if (!whole || shape.dimension() != tensor.dimensions() || shape.size() == 0) {
            throw wrong(file, tensor, info, "I64 or I32 of the shape " + tensor.shape());
        }
        if (!shape.slice(0, 2).equals(first.slice(0, 2))) {
            throw wrong(file, tensor, info, "as many steps and rows as the first tensor, " + first);
        }
        if (tensor == BatchTensor.PAIRED_INPUT_IDS) {
            checkPairs(file, info);
        }
        if (tensor == BatchTensor.BATCHES && shape.get(2) < 2) {
            throw wrong(
                    file, tensor, info, "two tokens or more: rows of one token predict nothing");
        }
    }

    private static void checkPairs(Path file, TensorInfo info) throws IOException {
        if (info.shape().get(1) % 2 != 0) {
            throw wrong(
                    file,
                    BatchTensor.PAIRED_INPUT_IDS,
                    info,
                    "an even number of rows: the queries or chosen texts, then as many positives or"
                            + " rejected texts");
        }
    }

    private static IOException wrong(
            Path file, BatchTensor tensor, TensorInfo info, String wanted) {
        return ModelMessage.BATCH_TENSOR.fileError(
                file, tensor.title(), info.dtype(), info.shape(), wanted);
    }

    private static Tensor read(
            Path file,
            BatchTensor tensor,
            SafetensorsReader reader,
            int vocabulary,
            NDManager manager)
            throws IOException {
        try (NDManager scope = manager.newSubManager()) {
            NDArray array = reader.read(tensor.title(), scope);
            long[] values = array.toType(DataType.INT64, false).toLongArray();
            for (long id : tensor.isTokens() ? values : new long[0]) {
                if (id < 0 || id >= vocabulary) {
                    throw ModelMessage.BATCH_TOKEN.fileError(
                            file, tensor.title(), id, vocabulary - 1);
                }
            }
            return new Tensor(values, array.getShape().slice(1));
        }
    }

    @Override
    public int batches() {
        return steps;
    }

    @Override
    public TrainingBatch batch(int index, NDManager manager) {
        seek(index);
        return next(manager);
    }

    @Override
    public Measure measure() {
        return task.measure();
    }

    /** Returns how many batches there are. */
    public int steps() {
        return steps;
    }

    @Override
    public TrainingBatch next(NDManager manager) {
        Map<BatchTensor, NDArray> arrays = new EnumMap<>(BatchTensor.class);
        tensors.forEach((tensor, all) -> arrays.put(tensor, all.of(next, manager)));
        next++;
        return task.batch(new TensorBatch(arrays));
    }

    @Override
    public void seek(long batch) {
        next = Math.toIntExact(batch);
    }

    @Override
    public long batches(double epochs) {
        return (long) Math.ceil(epochs * steps);
    }

    @Override
    public String items() {
        return task.items();
    }

    @Override
    public String report() {
        return "";
    }

    @Override
    public void close() {}
}
