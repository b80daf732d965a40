package dev.ligature.store;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.names.Nearest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The adapters that are on disk: one folder each, by its name.
 *
 * @param root the directory that the folders are in
 */
record AdapterFolder(Path root) {
    /** Checks that the directory is one. */
    AdapterFolder {
        if (!Files.isDirectory(root)) {
            throw new LoraException(
                    "LoraStoreDirectory",
                    root
                            + (Files.exists(root) ? " is not a directory" : " does not exist")
                            + ". Give the directory that has a folder for each adapter.");
        }
    }

    /**
     * Looks at the files of an adapter.
     *
     * @param name its name
     * @throws LoraException if the name is none or there is no such adapter
     * @throws CheckpointException if its folder is a link that leaves the directory
     * @throws IOException if the files cannot be looked at
     */
    FolderStamp find(String name) throws IOException {
        Path directory = root.resolve(AdapterName.check(name));
        BasicFileAttributes found;
        try {
            found =
                    Files.readAttributes(
                            directory, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException absent) {
            throw unknown(name);
        }
        if (found.isSymbolicLink()) {
            checkLink(name, directory);
        }
        if (!found.isDirectory() && !Files.isDirectory(directory)) {
            throw unknown(name);
        }
        return FolderStamp.of(directory);
    }

    private void checkLink(String name, Path directory) throws IOException {
        Path real;
        try {
            real = directory.toRealPath();
        } catch (NoSuchFileException dangling) {
            throw unknown(name);
        }
        if (!real.startsWith(root.toRealPath())) {
            throw new CheckpointException(
                    "CheckpointLink",
                    directory
                            + " is a link to "
                            + real
                            + ", outside the store's directory. Copy the adapter into it (cp -rL).");
        }
    }

    private LoraException unknown(String name) throws IOException {
        Set<String> known = names();
        return new LoraException(
                "LoraStoreUnknown",
                root
                        + " has no adapter "
                        + name
                        + "."
                        + Nearest.hint(name, known)
                        + " It has "
                        + known.size()
                        + "; put the adapter's folder there, or ask for one of these.");
    }

    /** Returns the names of the folders that hold an adapter, sorted. */
    Set<String> names() throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> list = Files.list(root)) {
            list.filter(folder -> Files.exists(folder.resolve(FolderStamp.CONFIG)))
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(AdapterName::isValid)
                    .forEach(names::add);
        }
        return names;
    }
}
