package dev.ligature.store.remote;

import java.io.FilterInputStream;
import java.io.InputStream;
import java.util.Objects;

/** Bytes whose number is known before they are read. */
public final class SizedStream extends FilterInputStream {
    private final long length;

    /**
     * Creates a stream.
     *
     * @param in the bytes; closed with this
     * @param length how many there are said to be
     */
    public SizedStream(InputStream in, long length) {
        super(Objects.requireNonNull(in, "in"));
        this.length = length;
    }

    /** Returns how many bytes there are said to be, read ones included. */
    public long length() {
        return length;
    }
}
