package dev.ligature.models.internal.jinja;

/** The value {@code none}. */
public enum None {
    /** The only one. */
    NONE
}
