package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Writes a directory under another name next to its own, and renames it once everything in it is on
 * disk, so that it is there whole or not at all.
 */
public final class StagedDirectory {
    private static final String REPLACED = "replaced";

    private StagedDirectory() {}

    /** Writes the files of a directory. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to a directory, which exists and is empty. */
        void writeTo(Path staged) throws IOException;
    }

    /**
     * Writes a new directory. It is built as {@code <directory>.partial}.
     *
     * @param directory the directory
     * @param content its files
     * @throws CheckpointException if it exists or cannot be written; nothing is left then
     */
    public static void create(Path directory, Content content) throws IOException {
        checkNamed(directory);
        checkAbsent(directory);
        Path staged = directory.resolveSibling(directory.getFileName() + ".partial");
        if (Files.exists(staged)) {
            throw FileMessage.OUTPUT_IN_THE_MAKING.fileError(staged, directory);
        }
        stage(
                directory,
                staged,
                content,
                () -> {
                    // A rename would silently replace an empty directory.
                    checkAbsent(directory);
                    Files.move(staged, directory, StandardCopyOption.ATOMIC_MOVE);
                });
    }

    /**
     * Writes the files of a directory that may exist. If it does and has these files, it is
     * replaced by a new one, to which what else was in it is moved; if it has not, the files are
     * added, the last of them last.
     *
     * <p>A directory that is not empty cannot be replaced in one step, so that a process that is
     * killed between the two leaves the former one under another name, whole: {@link #former} finds
     * it, and the next write of the directory brings it back.
     *
     * @param directory the directory
     * @param names the names of all files that are written; the last one makes the others count
     * @param obsolete the names of files that are not to be moved from a former directory
     * @param content the files
     * @throws CheckpointException if it cannot be written; the former directory is left then
     */
    public static void createOrReplace(
            Path directory, List<String> names, List<String> obsolete, Content content)
            throws IOException {
        checkNamed(directory);
        checkLink(directory);
        // The directory itself, where the path is a link to it.
        Path target = Files.exists(directory) ? directory.toRealPath() : directory;
        endInterrupted(target, obsolete);
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw FileMessage.OUTPUT_IS_A_FILE.fileError(directory);
        }
        Path staged = StagedFile.sibling(target, "partial");
        String last = names.get(names.size() - 1);
        stage(
                directory,
                staged,
                content,
                () -> {
                    if (!Files.exists(target)) {
                        Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
                    } else if (!Files.exists(target.resolve(last))) {
                        for (String name : names) {
                            Files.move(
                                    staged.resolve(name),
                                    target.resolve(name),
                                    StandardCopyOption.ATOMIC_MOVE);
                        }
                        StagedFile.syncDirectory(target);
                        Files.delete(staged);
                    } else {
                        replace(target, staged, obsolete);
                    }
                });
    }

    private static void checkNamed(Path directory) throws CheckpointException {
        if (directory.toAbsolutePath().normalize().getFileName() == null) {
            throw FileMessage.OUTPUT_NAMELESS.fileError(directory);
        }
    }

    private static void replace(Path target, Path staged, List<String> obsolete)
            throws IOException {
        Path former = StagedFile.sibling(target, REPLACED);
        Files.move(target, former, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException | Error e) {
            Files.move(former, target, StandardCopyOption.ATOMIC_MOVE);
            throw e;
        }
        try {
            moveRest(former, target, obsolete);
        } catch (IOException e) {
            throw FileMessage.FILES_LEFT.fileErrorFrom(
                    e, target, former, String.valueOf(e.getMessage()));
        }
    }

    private static void moveRest(Path former, Path target, List<String> obsolete)
            throws IOException {
        for (Path file : list(former)) {
            Path kept = target.resolve(file.getFileName());
            if (Files.exists(kept) || obsolete.contains(file.getFileName().toString())) {
                Files.deleteIfExists(file);
            } else {
                Files.move(file, kept, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        Files.deleteIfExists(former);
    }

    /** Finishes a replacement that a killed process left half done. */
    private static void endInterrupted(Path target, List<String> obsolete) throws IOException {
        for (Path former : formers(target)) {
            try {
                if (Files.exists(target)) {
                    moveRest(former, target, obsolete);
                } else {
                    Files.move(former, target, StandardCopyOption.ATOMIC_MOVE);
                }
            } catch (NoSuchFileException e) {
                // Its process lives and was faster.
            }
        }
    }

    /** Publishes a staged directory. */
    @FunctionalInterface
    private interface Commit {
        void run() throws IOException;
    }

    private static void stage(Path directory, Path staged, Content content, Commit commit)
            throws IOException {
        try {
            Files.createDirectories(StagedFile.directory(staged));
            Files.createDirectory(staged);
        } catch (FileAlreadyExistsException e) { // of another writer, who was faster
            throw FileMessage.OUTPUT_IN_THE_MAKING.fileErrorFrom(e, staged, directory);
        } catch (IOException e) {
            throw StagedFile.failed(directory, e);
        }
        try {
            content.writeTo(staged);
            StagedFile.syncDirectory(staged);
            commit.run();
            StagedFile.syncDirectory(StagedFile.directory(staged));
        } catch (CheckpointException e) {
            delete(staged, e);
            throw e;
        } catch (IOException e) {
            delete(staged, e);
            throw StagedFile.failed(directory, e);
        } catch (RuntimeException | Error e) {
            delete(staged, e);
            throw e;
        }
    }

    private static void checkLink(Path path) throws CheckpointException {
        if (Files.isSymbolicLink(path) && !Files.exists(path)) {
            throw FileMessage.OUTPUT_IS_A_LINK.fileError(path);
        }
    }

    private static void checkAbsent(Path directory) throws CheckpointException {
        if (Files.exists(directory)) {
            throw FileMessage.OUTPUT_EXISTS.fileError(directory);
        }
        checkLink(directory);
    }

    /**
     * Returns where a directory that is not there is, if its replacement was interrupted between
     * the two steps.
     *
     * @param directory a directory that does not exist
     */
    public static Optional<Path> former(Path directory) throws IOException {
        return formers(directory).stream().findFirst();
    }

    private static List<Path> formers(Path directory) throws IOException {
        Path parent = StagedFile.directory(directory);
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        String begin = "." + StagedFile.name(directory) + ".";
        return list(parent).stream()
                .filter(sibling -> isFormer(sibling.getFileName().toString(), begin))
                .toList();
    }

    private static boolean isFormer(String name, String begin) {
        // Exactly one more segment, else it is of a directory whose name begins alike.
        return name.startsWith(begin)
                && name.indexOf('.', begin.length()) == name.length() - REPLACED.length() - 1
                && name.endsWith("." + REPLACED);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static void delete(Path staged, Throwable first) {
        try {
            if (Files.isDirectory(staged)) {
                for (Path file : list(staged)) {
                    if (Files.isDirectory(file)) {
                        delete(file, first);
                    } else {
                        Files.delete(file);
                    }
                }
                Files.delete(staged);
            }
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }
}
