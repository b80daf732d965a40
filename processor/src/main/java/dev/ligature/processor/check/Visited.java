package dev.ligature.processor.check;

import dev.ligature.processor.model.ClassId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a walk through the classes of a model found in each. A class that many others reach is
 * walked once; a class within itself is not followed.
 *
 * @param <T> what is found in a class
 */
final class Visited<T> {
    private final T withinItself;
    private final Map<ClassId, T> known = new HashMap<>();
    private final Deque<ClassId> open = new ArrayDeque<>();
    private boolean isCut;

    /**
     * Creates an empty record.
     *
     * @param withinItself what is found in a class that is met within itself
     */
    Visited(T withinItself) {
        this.withinItself = withinItself;
    }

    /** Returns what was found in a class, walking it unless that is known. */
    T once(ClassId id, Supplier<T> walk) {
        T found = known.get(id);
        if (found != null) {
            return found;
        }
        if (open.contains(id)) {
            isCut = true;
            return withinItself;
        }
        boolean wasCut = isCut;
        isCut = false;
        open.push(id);
        try {
            found = walk.get();
        } finally {
            open.pop();
        }
        // What is found on the way of a circle depends on where the walk began.
        if (!isCut) {
            known.put(id, found);
        }
        isCut |= wasCut;
        return found;
    }
}
