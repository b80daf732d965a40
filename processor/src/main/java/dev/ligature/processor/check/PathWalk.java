package dev.ligature.processor.check;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Container;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.ModuleName;
import dev.ligature.processor.model.Role;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Expands the names of all modules that a class reaches. A class within itself is left out. */
final class PathWalk {
    private final ModelGraph graph;
    private final Visited<List<ModulePath>> visited = new Visited<>(List.of());

    PathWalk(ModelGraph graph) {
        this.graph = graph;
    }

    /** Returns the modules of a class, in order of declaration, those of superclasses first. */
    List<ModulePath> paths(ClassSpec spec) {
        return visited.once(spec.id(), () -> expand(spec));
    }

    private List<ModulePath> expand(ClassSpec spec) {
        List<ModulePath> paths = new ArrayList<>();
        if (spec.superclass() != null) {
            for (ModulePath inherited : paths(graph.get(spec.superclass()))) {
                paths.add(under("", inherited, -1));
            }
        }
        for (int i = 0; i < spec.members().size(); i++) {
            addMember(spec.members().get(i), i, paths);
        }
        return List.copyOf(paths);
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
        // What the classes of a child have in common is one module.
        Set<ModulePath> inChild = new LinkedHashSet<>();
        for (ModelGraph.Alternative one : graph.alternatives(graph.get(of.type()))) {
            if (one.visited() != null) {
                for (ModulePath inner : paths(one.visited())) {
                    inChild.add(under(prefix, inner, index));
                }
            }
        }
        paths.addAll(inChild);
    }

    private static ModulePath under(String prefix, ModulePath inner, int member) {
        return new ModulePath(prefix + inner.path(), inner.role(), inner.isTarget(), member);
    }
}
