package dev.ligature.models.run;

import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of a training's checkpoints, {@code step-N} each, of which the last ones are kept. One
 * that has its name is whole, whenever the process was killed. A lock, which ends with the process,
 * keeps a second training out.
 */
public final class CheckpointFolder implements AutoCloseable {
    private static final String LOCK = ".lock";
    private static final Pattern NAME = Pattern.compile("step-([1-9]\\d{0,9})");
    private static final Pattern REST =
            Pattern.compile("\\.?step-[1-9]\\d{0,9}\\.(.*\\.)?(partial|removed)");

    private final Path folder;
    private final int kept;
    private final FileChannel lock;
    private final boolean isNew;

    private CheckpointFolder(Path folder, int kept, FileChannel lock, boolean isNew) {
        this.folder = folder;
        this.kept = kept;
        this.lock = lock;
        this.isNew = isNew;
    }

    /**
     * Opens a folder, makes it if it is not there, and removes what a killed process left.
     *
     * @param folder the folder
     * @param kept how many checkpoints are kept
     * @param resumed whether its checkpoints are gone on from; else it must have none
     * @throws IOException if another training has it open, or it has checkpoints of one
     */
    public static CheckpointFolder open(Path folder, int kept, boolean resumed) throws IOException {
        if (!resumed && !all(folder).isEmpty()) {
            throw ModelMessage.RUN_BEGUN.fileError(folder);
        }
        boolean isNew = !Files.exists(folder);
        Files.createDirectories(folder);
        FileChannel lock =
                FileChannel.open(
                        folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (!isLocked(lock)) {
                throw ModelMessage.RUN_BUSY.fileError(folder);
            }
            removeRests(folder);
            return new CheckpointFolder(folder, kept, lock, isNew);
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // by this process
        }
    }

    private static void removeRests(Path folder) throws IOException {
        for (Path path : list(folder)) {
            // What somebody else has put here stays.
            if (REST.matcher(path.getFileName().toString()).matches()) {
                delete(path);
            }
        }
    }

    /**
     * Returns the checkpoints that a path may mean.
     *
     * @param path a checkpoint, or a folder of some, of which the last one comes first
     * @throws IOException if there is none
     */
    static List<Path> candidates(Path path) throws IOException {
        if (isCheckpoint(path)) {
            return List.of(path);
        }
        List<Path> all = new ArrayList<>(all(path));
        if (all.isEmpty()) {
            throw ModelMessage.RUN_NONE.fileError(path);
        }
        Collections.reverse(all);
        return all;
    }

    /** Returns the checkpoints of a folder, the last one last. */
    private static List<Path> all(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        return list(folder).stream()
                .filter(CheckpointFolder::isCheckpoint)
                .sorted(Comparator.comparingLong(path -> step(path).orElseThrow()))
                .toList();
    }

    private static boolean isCheckpoint(Path path) {
        return step(path).isPresent() && Files.isDirectory(path);
    }

    private static Optional<Long> step(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        return matcher.matches() ? Optional.of(Long.valueOf(matcher.group(1))) : Optional.empty();
    }

    /** Returns the folder. */
    public Path path() {
        return folder;
    }

    /**
     * Writes a checkpoint, then removes those that are too old. One of the same step stays, for it
     * is the same.
     *
     * @param step how many steps were taken
     * @param content writes the files
     */
    public void write(long step, StagedDirectory.Content content) throws IOException {
        Path checkpoint = folder.resolve("step-" + step);
        if (!Files.exists(checkpoint)) {
            StagedDirectory.create(checkpoint, content);
        }
        List<Path> all = all(folder);
        for (Path old : all.subList(0, Math.max(0, all.size() - kept))) {
            Path removed = old.resolveSibling(old.getFileName() + ".removed");
            // Renamed first, so that what has its name is whole.
            Files.move(old, removed, StandardCopyOption.ATOMIC_MOVE);
            delete(removed);
        }
    }

    /**
     * Gives checkpoints another name, {@code step-6.damaged}: they are no checkpoints any more, but
     * stay until somebody removes them.
     *
     * @param damaged checkpoints of this folder
     */
    public void setAside(List<Path> damaged) throws IOException {
        for (Path path : damaged) {
            Path aside = path.resolveSibling(path.getFileName() + ".damaged");
            delete(aside);
            Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void delete(Path path) throws IOException {
        try (Stream<Path> walk = Files.walk(path)) {
            for (Path each : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (NoSuchFileException e) {
            // It is gone, which was the aim.
        }
    }

    /** Lets another training in; a folder that was made for this one and has nothing is removed. */
    @Override
    public void close() throws IOException {
        try (lock) {
            if (isNew && list(folder).equals(List.of(folder.resolve(LOCK)))) {
                delete(folder);
            }
        }
    }
}
