package dev.ligature.models.internal.jinja;

import java.util.List;

/**
 * A tuple, which differs from a list in how it is printed and compared.
 *
 * @param items its values
 */
record Tuple(List<Object> items) {
    static Tuple of(Object... items) {
        return new Tuple(List.of(items));
    }
}
