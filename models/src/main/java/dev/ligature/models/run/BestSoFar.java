package dev.ligature.models.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** The trained parameters at the evaluation with the least loss so far. */
public final class BestSoFar implements AutoCloseable {
    private static final String FILE = "best.safetensors";
    private static final String STEPS = "steps";
    private static final String PARAMETER = "parameter.";
    private static final String LOSS = "loss";
    private static final String STEP = "step";
    private static final String SINCE = "evaluations_since";

    private final NDManager manager;
    private Map<String, NDArray> parameters = Map.of();
    private long step;
    private double loss = Double.NaN;
    private int since;

    /**
     * Creates it.
     *
     * @param parent the parent of the manager of the copies
     */
    public BestSoFar(NDManager parent) {
        this.manager = parent.newSubManager();
    }

    /**
     * Takes an evaluation of a loop's parameters as they are, and copies them if it is the best.
     */
    public void add(double found, TrainingLoop loop) {
        if (!(found < loss) && !Double.isNaN(loss)) {
            since++;
            return;
        }
        loss = found;
        step = loop.steps();
        since = 0;
        Map<String, NDArray> copies = new TreeMap<>();
        try (NDManager scope = manager.newSubManager()) {
            for (Map.Entry<String, NDArray> array : loop.state(scope).entrySet()) {
                if (array.getKey().equals(STEPS) || array.getKey().startsWith(PARAMETER)) {
                    NDArray copy = array.getValue().duplicate();
                    copy.attach(manager);
                    copies.put(array.getKey(), copy);
                }
            }
        }
        replace(copies);
    }

    private void replace(Map<String, NDArray> copies) {
        parameters.values().forEach(NDArray::close);
        parameters = copies;
    }

    /** Returns whether there was an evaluation. */
    public boolean isThere() {
        return step > 0;
    }

    /** Returns the step that the best evaluation was after. */
    public long step() {
        return step;
    }

    /** Returns the loss of the best evaluation. */
    public double loss() {
        return loss;
    }

    /** Returns how many evaluations there were since, none of which was better. */
    public int since() {
        return since;
    }

    /** Brings a loop's parameters to what they were; its optimizer forgets what it remembers. */
    public void restore(TrainingLoop loop) {
        loop.restore(parameters);
    }

    /** Writes a file to a checkpoint, if there was an evaluation. */
    public void write(Path checkpoint) throws IOException {
        if (isThere()) {
            SafetensorsWriter.write(
                    checkpoint.resolve(FILE),
                    parameters,
                    Map.of(
                            STEP,
                            String.valueOf(step),
                            LOSS,
                            String.valueOf(loss),
                            SINCE,
                            String.valueOf(since)));
        }
    }

    /** Reads the file of a checkpoint, if it has one. */
    public void read(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve(FILE);
        if (!Files.exists(file)) {
            return;
        }
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Map<String, NDArray> read = new HashMap<>();
            for (String name : reader.tensors().keySet()) {
                read.put(name, reader.read(name, manager));
            }
            replace(read);
            step = Long.parseLong(reader.metadata().getOrDefault(STEP, "0"));
            loss = Double.parseDouble(reader.metadata().getOrDefault(LOSS, "NaN"));
            since = Integer.parseInt(reader.metadata().getOrDefault(SINCE, "0"));
        } catch (NumberFormatException e) {
            throw ModelMessage.RUN_DAMAGED.fileErrorFrom(e, file, checkpoint);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
