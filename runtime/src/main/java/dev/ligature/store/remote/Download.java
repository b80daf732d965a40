package dev.ligature.store.remote;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.Interruption;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Fetches one version of one adapter. */
final class Download implements AutoCloseable {
    private final RemoteAdapters remote;
    private final AdapterManifest manifest;
    private final String name;
    private final CopyFolder.Partial partial;
    private final FetchLimit limit;

    /**
     * Begins to fetch.
     *
     * @param limit how long it may take
     */
    Download(
            RemoteAdapters remote,
            CopyFolder copies,
            CopyRoom.Key key,
            AdapterManifest manifest,
            Duration limit)
            throws IOException {
        this.remote = remote;
        this.manifest = manifest;
        this.name = key.name();
        this.partial = copies.begin(key);
        this.limit = new FetchLimit(name, remote, limit);
    }

    /**
     * Fetches all files, checks them, and makes them a copy.
     *
     * @throws CheckpointException if a file is not there or has another digest, or the time is over
     */
    void run() throws IOException {
        // Weights come before configurations in this order: if they are too large, that is known
        // before anything else makes way.
        TreeMap<String, String> files = new TreeMap<>(manifest.sha256());
        for (Map.Entry<String, String> file : files.descendingMap().entrySet()) {
            fetch(file.getKey(), file.getValue());
        }
        byte[] text = manifest.text().getBytes(StandardCharsets.UTF_8);
        try (FileChannel out = create(AdapterManifest.FILE_NAME)) {
            partial.reserve(text.length);
            write(out, ByteBuffer.wrap(text));
            out.force(true);
        }
        partial.finish();
    }

    private void fetch(String file, String sha256) throws IOException {
        MessageDigest digest = Sha256.begin();
        byte[] buffer = new byte[Sha256.BUFFER];
        try (InputStream in = remote.open(name, file);
                FileChannel out = create(file)) {
            limit.read(in);
            if (in instanceof SizedStream sized) {
                partial.expect(sized.length());
            }
            for (int read = next(in, buffer); read >= 0; read = next(in, buffer)) {
                partial.reserve(read);
                digest.update(buffer, 0, read);
                write(out, ByteBuffer.wrap(buffer, 0, read));
            }
            out.force(true);
        } catch (FileNotFoundException | NoSuchFileException e) {
            throw RemoteMessage.GONE.fileErrorFrom(e, place(AdapterManifest.FILE_NAME), file);
        } finally {
            limit.read(null);
        }
        String found = Sha256.end(digest);
        if (!found.equals(sha256)) {
            throw RemoteMessage.DIGEST.fileError(place(file), found, sha256);
        }
    }

    private int next(InputStream in, byte[] buffer) throws IOException {
        int read;
        try {
            limit.check(null);
            read = in.read(buffer);
        } catch (IOException e) {
            if (!Interruption.is(e)) {
                limit.check(e);
            }
            throw e;
        }
        limit.came(read);
        return read;
    }

    /** Returns whether the cache can never have the adapter. */
    boolean isTooLarge() {
        return partial.isTooLarge();
    }

    private FileChannel create(String file) throws IOException {
        Path path = partial.directory().resolve(file);
        return FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private String place(String file) {
        return remote + "/" + name + "/" + file;
    }

    /** Deletes what was not finished. */
    @Override
    public void close() {
        limit.close();
        partial.close();
    }
}
