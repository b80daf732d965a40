package dev.ligature.spark;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** A file system of Hadoop whose paths, {@code other:/…}, nobody but Hadoop can open. */
public final class OtherFileSystem extends RawLocalFileSystem {
    /** The driver's setting without which it has no files. */
    static final String ROOT = "fs.other.root";

    private String root = "";

    @Override
    public void initialize(URI uri, Configuration configuration) throws IOException {
        super.initialize(uri, configuration);
        root = configuration.get(ROOT, "/absent");
    }

    @Override
    public URI getUri() {
        return URI.create("other:///");
    }

    @Override
    public String getScheme() {
        return "other";
    }

    /** Returns a status without the owner, which only a file of the scheme {@code file} has. */
    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        File file = pathToFile(path);
        if (!file.exists()) {
            throw new FileNotFoundException(path.toString());
        }
        return new FileStatus(
                file.length(),
                file.isDirectory(),
                1,
                1,
                file.lastModified(),
                path.makeQualified(getUri(), getWorkingDirectory()));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        String[] names = pathToFile(path).list();
        FileStatus[] all = new FileStatus[names == null ? 0 : names.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = getFileStatus(new Path(path, names[i]));
        }
        return all;
    }

    @Override
    public File pathToFile(Path path) {
        return new File(root, path.toUri().getPath());
    }
}
