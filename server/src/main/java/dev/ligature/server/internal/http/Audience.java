package dev.ligature.server.internal.http;

/** Who may ask for a path. */
public enum Audience {
    /** Everybody, with or without a key. */
    ALL,
    /** Whoever has a key, where there are any. */
    KEYS,
    /** Keys of administrators, where there are any keys. */
    ADMINISTRATORS
}
