package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models and adapters where the hub's clients keep them, against PEFT's numbers. */
final class HubCacheTest {
    private static final String CASE = "llama-tied-both";
    private static final String FIRST = "a".repeat(40);
    private static final String SECOND = "b".repeat(40);

    @TempDir Path hub;
    @TempDir Path outputs;

    @AfterEach
    void makeWritable() throws IOException {
        permit("rwxr-xr-x");
    }

    @Test
    void snapshotsOfLinks_andTheFoldersOfRepositories_areLoaded() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path adapter = repository("models--me--adapter", Cases.path(CASE, "adapter"), FIRST);

        assertLogits(base.resolve("snapshots").resolve(FIRST), adapter);
        assertLogits(base, adapter.resolve("snapshots").resolve(FIRST));
    }

    @Test
    void aReadOnlyCache_isEnough() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path adapter = repository("models--me--adapter", Cases.path(CASE, "adapter"), FIRST);
        permit("r-xr-xr-x");

        assertLogits(base, adapter);
    }

    @Test
    void anAdapterInAFolderOfItsRepository_isLoaded() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path many = Files.createDirectories(hub.resolve("models--me--many"));
        Path folder = many.resolve("snapshots").resolve(FIRST).resolve("customer");
        link(Cases.path(CASE, "adapter"), many, folder);

        assertLogits(base, folder);
    }

    @Test
    void ofSeveralSnapshots_theOneOfRefsMainIsRead() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path adapter =
                repository("models--me--adapter", Cases.path("llama-tied-head", "adapter"), FIRST);
        link(Cases.path(CASE, "adapter"), adapter, adapter.resolve("snapshots").resolve(SECOND));
        logits(base, adapter)
                .refused("[CheckpointSnapshot]", adapter.toString(), FIRST + ", " + SECOND);

        Path main = Files.createDirectory(adapter.resolve("refs")).resolve("main");
        Files.writeString(main, SECOND);
        assertLogits(base, adapter);

        Files.writeString(main, "c".repeat(40) + "\n");
        logits(base, adapter).refused("[CheckpointSnapshot]", main.toString(), "cccc");
        Files.writeString(main, "../../models--me--base");
        logits(base, adapter).refused("[CheckpointPath]", "../../models--me--base");
    }

    @Test
    void aRepositoryWithoutSnapshot_isRefused() throws IOException {
        Path empty = Files.createDirectories(hub.resolve("models--me--empty").resolve("snapshots"));
        logits(empty.getParent(), empty).refused("[CheckpointSnapshot]", "models--me--empty");
    }

    @Test
    void aLinkOutOfTheRepository_isRefused() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path adapter = repository("models--me--adapter", Cases.path(CASE, "adapter"), FIRST);
        Path weights =
                adapter.resolve("snapshots").resolve(FIRST).resolve("adapter_model.safetensors");
        Path elsewhere = Files.copy(weights, hub.resolve("elsewhere"));
        Files.delete(weights);
        Files.createSymbolicLink(weights, elsewhere);

        logits(base, adapter).refused("[CheckpointLink]", weights.toString(), "elsewhere");
    }

    @Test
    void training_namesTheRepositoryAsItsBase() throws IOException {
        Path base = repository("models--me--base", Cases.path(CASE, "base"), FIRST);
        Path ids = Cases.batches(outputs.resolve("ids.safetensors"), 3, 1, 2, 4);
        Path trained = outputs.resolve("trained");
        CliRun.of("train", "--model", base, "--token-ids", ids, "--steps", 1, "--output", trained)
                .succeeded();

        String config = Files.readString(trained.resolve("adapter_config.json"));
        assertTrue(config.contains("\"base_model_name_or_path\": \"me/base\""), config);
    }

    private void assertLogits(Path base, Path adapter) throws IOException {
        Path got = outputs.resolve("logits.safetensors");
        logits(base, adapter).succeeded();
        Cases.assertClose(
                Cases.tensor(Cases.path(CASE, "expected.safetensors"), "adapter_logits"),
                Cases.tensor(got, "logits"),
                1e-4);
        assertEquals("logits.safetensors", Cases.list(outputs));
    }

    private CliRun logits(Path base, Path adapter) throws IOException {
        Files.deleteIfExists(outputs.resolve("logits.safetensors"));
        return CliRun.of(
                "logits",
                "--model",
                base,
                "--adapter",
                adapter,
                "--input-ids",
                Cases.inputIds(CASE),
                "--output",
                outputs.resolve("logits.safetensors"));
    }

    private Path repository(String name, Path files, String commit) throws IOException {
        Path folder = Files.createDirectories(hub.resolve(name));
        link(files, folder, folder.resolve("snapshots").resolve(commit));
        return folder;
    }

    /** Puts files into a repository's blobs, and links to them into a folder of a snapshot. */
    private static void link(Path files, Path repository, Path snapshot) throws IOException {
        Path blobs = Files.createDirectories(repository.resolve("blobs"));
        Files.createDirectories(snapshot);
        for (Path file : list(files)) {
            Path blob = blobs.resolve(file.getFileName() + "-" + snapshot.getFileName());
            Files.copy(file, blob);
            Files.createSymbolicLink(
                    snapshot.resolve(file.getFileName()), snapshot.relativize(blob));
        }
    }

    private void permit(String rights) throws IOException {
        for (Path path : all(hub)) {
            Files.setPosixFilePermissions(
                    path,
                    PosixFilePermissions.fromString(
                            Files.isDirectory(path) ? rights : rights.replace('x', '-')));
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static List<Path> all(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(path -> !Files.isSymbolicLink(path)).toList();
        }
    }
}
