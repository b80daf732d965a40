package dev.ligature.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder {@code DIR.partial} that work is done in, and that becomes {@code DIR} when it is whole.
 *
 * <p>Closing it removes what did not become the output, and the parents that were made for it.
 */
final class WorkDirectory implements AutoCloseable {
    private final Path output;
    private final Path path;
    private final List<Path> madeParents;

    private WorkDirectory(Path output, Path path, List<Path> madeParents) {
        this.output = output;
        this.path = path;
        this.madeParents = madeParents;
    }

    /**
     * Says before any work that an output cannot be written.
     *
     * @param output a file or a directory to be
     * @throws IOException if it exists already
     */
    static void requireAbsent(Path output) throws IOException {
        if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(output.toString());
        }
    }

    /**
     * Says before any work that a file cannot be written because its folder is not there.
     *
     * @param output a file to be
     */
    static void requireParent(Path output) throws IOException {
        Path parent = output.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            throw new NoSuchFileException(parent.toString());
        }
    }

    /**
     * Says before any work that the folder cannot be made.
     *
     * @param output the directory to be
     * @throws IOException if it exists already
     * @throws BadInputException if the folder of another run does
     */
    static void requireFree(Path output) throws IOException {
        requireAbsent(output);
        Path partial = partial(output);
        if (Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
            throw new BadInputException(
                    partial
                            + " exists: another run works in it, or was killed. Remove it if none"
                            + " runs, or choose another output.");
        }
    }

    /**
     * Makes the folder.
     *
     * @param output the directory to be
     * @throws IOException if it exists, or nothing can be made there
     * @throws BadInputException if the folder of another run exists
     */
    static WorkDirectory create(Path output) throws IOException {
        requireFree(output);
        Path path = partial(output);
        List<Path> missing =
                Stream.iterate(path.getParent(), p -> p != null, Path::getParent)
                        .takeWhile(parent -> !Files.exists(parent))
                        .toList();
        Files.createDirectories(path);
        return new WorkDirectory(output.toAbsolutePath().normalize(), path, missing);
    }

    private static Path partial(Path output) {
        Path absolute = output.toAbsolutePath().normalize();
        return absolute.resolveSibling(absolute.getFileName() + ".partial");
    }

    /** Removes the folder of another run, which was killed. */
    static void removePartial(Path output) throws IOException {
        Path partial = partial(output);
        if (Files.isDirectory(partial, LinkOption.NOFOLLOW_LINKS)) {
            delete(partial);
        }
    }

    /** Makes a folder that is not to become an output. */
    static WorkDirectory temporary() throws IOException {
        Path path = Files.createTempDirectory("ligature");
        return new WorkDirectory(path, path, List.of());
    }

    /** Returns the folder to work in. */
    Path path() {
        return path;
    }

    /** Gives the folder the name of the output. */
    void publish() throws IOException {
        publish(path);
    }

    /** Gives a folder inside this one the name of the output; the rest goes on closing. */
    void publish(Path whole) throws IOException {
        requireAbsent(output); // a rename would replace an empty directory
        Files.move(whole, output);
    }

    @Override
    public void close() throws IOException {
        if (Files.exists(path)) {
            delete(path);
            if (!Files.exists(output)) {
                for (Path parent : madeParents) {
                    Files.deleteIfExists(parent);
                }
            }
        }
    }

    static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
