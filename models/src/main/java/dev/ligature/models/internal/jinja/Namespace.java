package dev.ligature.models.internal.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** A {@code namespace}: the only value that a template can change. */
final class Namespace {
    private final Map<String, Object> members = new LinkedHashMap<>();

    Map<String, Object> members() {
        return members;
    }
}
