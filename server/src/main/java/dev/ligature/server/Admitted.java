package dev.ligature.server;

/** Work that has its adapter, and joins what is computed. */
interface Admitted {
    /** Returns whether it goes through an adapter. */
    boolean holdsAdapter();

    /** Ends it with an error. */
    void fail(ApiException error);
}
