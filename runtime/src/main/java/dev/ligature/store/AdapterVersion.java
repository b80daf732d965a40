package dev.ligature.store;

import java.io.IOException;

/**
 * The files of an adapter as they were at one moment. Two are equal if no file was replaced or
 * written in between; what was loaded from one is then loaded for the other. Thread-safe.
 */
public interface AdapterVersion {
    /**
     * Makes the files available on this machine. Called when the adapter is loaded; may take as
     * long as it needs to fetch them.
     *
     * @return the files, which the caller closes when it has read them
     * @throws IOException if they cannot be had; a later call tries again
     */
    AdapterFiles open() throws IOException;
}
