package dev.ligature.cli;

import dev.ligature.models.run.Checkpoint;
import dev.ligature.models.run.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say when checkpoints are written, and which one a training goes on from. */
final class CheckpointOptions {
    /** The options that do not change the numbers of a training. */
    static final Set<String> WITHOUT_EFFECT =
            Set.of("--output", "--checkpoint-every", "--keep-checkpoints", "--resume");

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            description = {
                "Write a checkpoint after each N steps, and at Ctrl-C, to OUTPUT.checkpoints.",
                "Each is an adapter too. Default: none."
            })
    private @Nullable Integer every;

    @Option(
            names = "--keep-checkpoints",
            defaultValue = "2",
            paramLabel = "K",
            description = "How many of them are kept: the last ones. Default: 2.")
    private int kept;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = {
                "Go on from a checkpoint, or from the last one of OUTPUT.checkpoints, as if the",
                "training had not stopped; with the same other options."
            })
    private @Nullable Path resumed;

    void check() {
        OptionChecks.atLeast("--checkpoint-every", every == null ? 1 : every, 1);
        OptionChecks.atLeast("--keep-checkpoints", kept, 1);
    }

    /** Returns where the checkpoints of an output are. */
    static Path folder(Path output) {
        Path absolute = output.toAbsolutePath().normalize();
        return absolute.resolveSibling(absolute.getFileName() + ".checkpoints");
    }

    /**
     * Returns the checkpoint to go on from, or null to begin.
     *
     * @param terminal is told of checkpoints that are not whole
     * @throws IOException if there is none
     */
    @Nullable Checkpoint checkpoint(Terminal terminal) throws IOException {
        return resumed == null ? null : Checkpoint.find(resumed, terminal::note);
    }

    /**
     * Opens the folder of an output's checkpoints, and makes room for the output.
     *
     * @return the folder, or null if none is asked for
     */
    @Nullable CheckpointFolder open(Path output, @Nullable Checkpoint checkpoint)
            throws IOException {
        if (every == null && checkpoint == null) {
            WorkDirectory.requireFree(output);
            return null;
        }
        WorkDirectory.requireAbsent(output);
        Path folder = folder(output);
        boolean own =
                checkpoint != null
                        && Files.exists(folder)
                        && folder.toRealPath().equals(checkpoint.path().getParent());
        CheckpointFolder opened = CheckpointFolder.open(folder, kept, own);
        try {
            if (own) { // and its lock is ours, so whoever worked for this output is gone
                WorkDirectory.removePartial(output);
            }
            WorkDirectory.requireFree(output);
            if (own && checkpoint != null) {
                // Or they would stand in the way of those of their steps, and outlive older ones.
                opened.setAside(checkpoint.damaged());
            }
            return opened;
        } catch (IOException | RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    /** Returns whether a checkpoint is written after a step. */
    boolean isDue(long step) {
        return every != null && step % every == 0;
    }

    /** Returns whether a checkpoint is written when the training is stopped. */
    boolean isAsked() {
        return every != null;
    }
}
