package dev.ligature.processor.check;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the way from a class through its children back to itself. */
final class CircleSearch {
    private final ModelGraph graph;
    private final Set<ClassId> seen = new HashSet<>();

    CircleSearch(ModelGraph graph) {
        this.graph = graph;
    }

    /** Returns the way back through a child, as {@code A.b -> B.a -> A}. */
    Optional<String> from(ClassSpec start, Member.Child first) {
        List<String> steps = new ArrayList<>();
        return leads(start, first, start, steps)
                ? Optional.of(String.join(" -> ", steps) + " -> " + start.id().display())
                : Optional.empty();
    }

    private boolean leads(
            ClassSpec from, Member.Child child, ClassSpec target, List<String> steps) {
        if (!(child.type() instanceof ChildType.Of of)) {
            return false;
        }
        steps.add(from.id().display() + "." + child.field().name());
        for (ModelGraph.Alternative one : graph.alternatives(graph.get(of.type()))) {
            ClassSpec at = one.visited();
            while (at != null) {
                if (at.id().equals(target.id())) {
                    return true;
                }
                if (seen.add(at.id())) {
                    for (Member.Child next : at.children()) {
                        if (leads(at, next, target, steps)) {
                            return true;
                        }
                    }
                }
                at = at.superclass() == null ? null : graph.get(at.superclass());
            }
        }
        steps.remove(steps.size() - 1);
        return false;
    }
}
