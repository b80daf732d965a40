package dev.ligature.server.internal.answer;

import org.jspecify.annotations.Nullable;

/**
 * A model as clients see it.
 *
 * @param name what requests name it by
 * @param created when the server was started, in seconds since 1970
 * @param parent the base of an adapter; null of the base itself
 * @param positions the most tokens of a text
 */
public record ModelEntry(String name, long created, @Nullable String parent, int positions) {}
