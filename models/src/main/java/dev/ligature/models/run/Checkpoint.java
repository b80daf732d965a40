package dev.ligature.models.run;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A checkpoint whose files are as they were written.
 *
 * @param path its directory
 * @param state what its {@code training.json} says
 * @param damaged those of its folder that were passed over
 */
public record Checkpoint(Path path, RunState state, List<Path> damaged) {
    /** Copies the list. */
    public Checkpoint {
        damaged = List.copyOf(damaged);
    }

    /**
     * Reads the checkpoint that a path means, and checks its files.
     *
     * @param path a checkpoint, or a folder of some, of which it is the last one that is whole
     * @param notes is told which ones are passed over, and why
     * @throws IOException if there is none, or none that is whole
     */
    public static Checkpoint find(Path path, Consumer<String> notes) throws IOException {
        List<Path> candidates = CheckpointFolder.candidates(path);
        List<Path> damaged = new ArrayList<>();
        for (Path candidate : candidates.subList(0, candidates.size() - 1)) {
            try {
                return read(candidate, damaged);
            } catch (CheckpointException e) {
                damaged.add(candidate);
                notes.accept("passed over: " + e.getMessage());
            }
        }
        return read(candidates.get(candidates.size() - 1), damaged);
    }

    private static Checkpoint read(Path path, List<Path> damaged) throws IOException {
        Path real = path.toRealPath();
        return new Checkpoint(real, RunState.read(real), damaged);
    }
}
