package dev.ligature.models.internal.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Variables, and those around them. */
final class Scope {
    private final Map<String, Object> variables = new HashMap<>();
    private final @Nullable Scope around;

    Scope(@Nullable Scope around) {
        this.around = around;
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    Optional<Object> find(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            Object value = scope.variables.get(name);
            if (value != null) {
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }
}
