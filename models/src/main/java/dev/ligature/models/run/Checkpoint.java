package dev.ligature.models.run;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A checkpoint whose files are as they were written.
 *
 * @param path its directory
 * @param state what its {@code training.json} says
 */
public record Checkpoint(Path path, RunState state) {
    /**
     * Reads the checkpoint that a path means, and checks its files.
     *
     * @param path a checkpoint, or a folder of some, of which it is the last one that is whole
     * @param notes is told which ones are passed over, and why
     * @throws IOException if there is none, or none that is whole
     */
    public static Checkpoint find(Path path, Consumer<String> notes) throws IOException {
        List<Path> candidates = CheckpointFolder.candidates(path);
        for (Path candidate : candidates.subList(0, candidates.size() - 1)) {
            try {
                return read(candidate);
            } catch (CheckpointException e) {
                notes.accept("passed over: " + e.getMessage());
            }
        }
        return read(candidates.get(candidates.size() - 1));
    }

    private static Checkpoint read(Path path) throws IOException {
        Path real = path.toRealPath();
        return new Checkpoint(real, RunState.read(real));
    }
}
