package dev.ligature.server.internal.admission;

import dev.ligature.server.internal.answer.ApiException;

/** Work that has its adapter, and joins what is computed. */
public interface Admitted {
    /** Returns whether it goes through an adapter. */
    boolean holdsAdapter();

    /** Ends it with an error. */
    void fail(ApiException error);
}
