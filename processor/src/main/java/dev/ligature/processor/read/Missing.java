package dev.ligature.processor.read;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.Origin;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds the types that do not exist yet and that the generated class of a model depends on. */
public final class Missing {
    private Missing() {}

    /**
     * Returns the missing types that are to be reported at a class: its own, and those of classes
     * from other compilations; classes of this one report theirs themselves.
     */
    public static List<String> toReport(ClassSpec spec, ModelGraph graph) {
        Set<String> reported = new TreeSet<>(of(spec, graph));
        for (ClassSpec other : graph.classes().values()) {
            if (!other.id().equals(spec.id())
                    && other.origin().kind() == Origin.Kind.COMPILED_NOW) {
                other.missingTypes().annotated().forEach(reported::remove);
            }
        }
        reported.addAll(spec.missingTypes().annotated());
        return new ArrayList<>(reported);
    }

    /** Returns the names of the missing types of a class and of the children it reaches, sorted. */
    public static List<String> of(ClassSpec spec, ModelGraph graph) {
        Set<String> missing = new TreeSet<>();
        Set<ClassId> seen = new HashSet<>();
        Deque<ClassId> left = new ArrayDeque<>(List.of(spec.id()));
        while (!left.isEmpty()) {
            ClassSpec next = graph.get(left.pop());
            if (seen.add(next.id())) {
                missing.addAll(next.missingTypes().annotated());
                left.addAll(next.permitted());
                if (next.superclass() != null) {
                    left.add(next.superclass());
                }
                for (Member.Child child : next.children()) {
                    if (child.type() instanceof ChildType.Of of) {
                        left.add(of.type());
                    }
                }
            }
        }
        return new ArrayList<>(missing);
    }
}
