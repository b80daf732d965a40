package dev.ligature.internal.rows;

import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.rows.BatchRule.Way;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What stacked factors are kept under.
 *
 * @param way how they are put together
 * @param bindings masked: the adapters, by their handles, whichever rows they are for; stacked: the
 *     adapter of each row, null for the base alone
 */
record StackKey(Way way, List<@Nullable BoundAdapter> bindings) {
    /** Copies the list. */
    StackKey {
        bindings = Collections.unmodifiableList(new ArrayList<>(bindings));
    }

    boolean has(AdapterState adapter) {
        return bindings.stream().anyMatch(b -> b != null && b.adapter() == adapter);
    }

    /** Returns whether one of the adapters was taken out of the model. */
    boolean isRemoved() {
        return bindings.stream().filter(Objects::nonNull).anyMatch(BoundAdapter::isRemoved);
    }
}
