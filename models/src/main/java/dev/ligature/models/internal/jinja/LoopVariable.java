package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}; called, it renders a recursive loop over other items. */
final class LoopVariable implements Callable {
    private final List<Object> items;
    private final int depth;
    private final @Nullable Callable again;
    private int index;
    private Object last = new Undefined("nothing was compared yet");

    /**
     * Creates the state before the first item.
     *
     * @param items what the loop goes through
     * @param depth the number of recursive loops around it
     * @param again renders the loop over other items, if it is recursive
     */
    LoopVariable(List<Object> items, int depth, @Nullable Callable again) {
        this.items = items;
        this.depth = depth;
        this.again = again;
    }

    void at(int index) {
        this.index = index;
    }

    @Override
    public Object call(CallArguments arguments) {
        if (again == null) {
            throw JinjaException.of("loop is called, but the loop is not recursive");
        }
        return again.call(arguments);
    }

    Optional<Object> member(String name) {
        int size = items.size();
        return Optional.ofNullable(
                switch (name) {
                    case "index" -> index + 1L;
                    case "index0" -> (long) index;
                    case "revindex" -> (long) size - index;
                    case "revindex0" -> size - index - 1L;
                    case "first" -> index == 0;
                    case "last" -> index == size - 1;
                    case "length" -> (long) size;
                    case "depth" -> depth + 1L;
                    case "depth0" -> (long) depth;
                    case "previtem" ->
                            index == 0
                                    ? new Undefined("there is no previous item")
                                    : items.get(index - 1);
                    case "nextitem" ->
                            index == size - 1
                                    ? new Undefined("there is no next item")
                                    : items.get(index + 1);
                    case "cycle" -> (Callable) this::cycle;
                    case "changed" -> (Callable) this::changed;
                    default -> null;
                });
    }

    private Object cycle(CallArguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw JinjaException.of("loop.cycle needs a value");
        }
        return values.get(index % values.size());
    }

    private Object changed(CallArguments arguments) {
        Object now = new Tuple(arguments.positional());
        boolean changed = !Values.equal(last, now);
        last = now;
        return changed;
    }
}
