package dev.ligature.processor.check;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Container;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.ModuleName;
import dev.ligature.processor.model.Role;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Expands the names of all modules that a class reaches. A class within itself is left out. */
final class PathWalk {
    private final ModelGraph graph;
    private final Deque<ClassSpec> within = new ArrayDeque<>();

    PathWalk(ModelGraph graph) {
        this.graph = graph;
    }

    /** Returns the modules of a class, in order of declaration, those of superclasses first. */
    List<ModulePath> paths(ClassSpec spec) {
        List<ModulePath> paths = new ArrayList<>();
        if (within.contains(spec)) {
            return paths;
        }
        within.push(spec);
        if (spec.superclass() != null) {
            for (ModulePath inherited : paths(graph.get(spec.superclass()))) {
                paths.add(under("", inherited, -1));
            }
        }
        for (int i = 0; i < spec.members().size(); i++) {
            addMember(spec.members().get(i), i, paths);
        }
        within.pop();
        return paths;
    }

    private void addMember(Member member, int index, List<ModulePath> paths) {
        if (member instanceof Member.Target target) {
            Container container = target.container();
            boolean repeated = container != null && container.isRepeated();
            String name = target.name().value() + (repeated ? "." + ModulePath.ELEMENT : "");
            paths.add(new ModulePath(name, target.role(), true, index));
        } else if (member instanceof Member.Child child) {
            addChild(child, index, paths);
        } else if (member instanceof Member.Plain plain && plain.isBlock()) {
            String name = ModuleName.ofField(plain.field().name());
            paths.add(new ModulePath(name, Role.MODULE, false, index));
        }
    }

    private void addChild(Member.Child child, int index, List<ModulePath> paths) {
        if (!(child.type() instanceof ChildType.Of of)) {
            return;
        }
        String element = of.container().isRepeated() ? "." + ModulePath.ELEMENT : "";
        String prefix = child.name().value() + element + ".";
        for (ModelGraph.Alternative one : graph.alternatives(graph.get(of.type()))) {
            if (one.visited() != null) {
                for (ModulePath inner : paths(one.visited())) {
                    ModulePath path = under(prefix, inner, index);
                    if (!paths.contains(path)) {
                        paths.add(path);
                    }
                }
            }
        }
    }

    private static ModulePath under(String prefix, ModulePath inner, int member) {
        return new ModulePath(prefix + inner.path(), inner.role(), inner.isTarget(), member);
    }
}
