package dev.ligature.processor.check;

import dev.ligature.internal.hint.Nearest;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.Text;
import dev.ligature.processor.model.Tie;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the modules that the paths of ties mean: an exact path wins, else the one path that ends
 * with it on a dot boundary, the reader itself excluded.
 */
final class TieResolver {
    private final ModelGraph graph;
    private final PathWalk walk;
    private final Visited<TieResolution> visited =
            new Visited<>(new TieResolution(List.of(), List.of(), List.of()));

    TieResolver(ModelGraph graph, PathWalk walk) {
        this.graph = graph;
        this.walk = walk;
    }

    /** Resolves the ties of a class. */
    TieResolution resolve(ClassSpec spec) {
        return visited.once(spec.id(), () -> link(spec));
    }

    private TieResolution link(ClassSpec spec) {
        List<Diagnostic> problems = new ArrayList<>();
        List<TieLink> links = new ArrayList<>();
        List<ModulePath> paths = walk.paths(spec);
        for (Tie tie : spec.ties()) {
            link(spec, tie, paths, problems).ifPresent(links::add);
        }
        List<TieLink> all = new ArrayList<>(foreign(spec));
        all.addAll(links);
        return new TieResolution(links, all, problems);
    }

    /** Returns the ties of superclasses and of children that are not in lists. */
    private List<TieLink> foreign(ClassSpec spec) {
        List<TieLink> links = new ArrayList<>();
        if (spec.superclass() != null) {
            addUnder("", "", resolve(graph.get(spec.superclass())), links);
        }
        for (Member.Child child : spec.children()) {
            if (child.type() instanceof ChildType.Of of && !of.container().isRepeated()) {
                List<ModelGraph.Alternative> alternatives =
                        graph.alternatives(graph.get(of.type()));
                // What one class ties holds only where the child is of that class.
                String when = alternatives.size() > 1 ? "its class" : "";
                for (ModelGraph.Alternative one : alternatives) {
                    if (one.visited() != null) {
                        addUnder(child.name().value() + ".", when, resolve(one.visited()), links);
                    }
                }
            }
        }
        return links;
    }

    private static void addUnder(
            String prefix, String condition, TieResolution inner, List<TieLink> links) {
        for (TieLink link : inner.all()) {
            // Another class has members of its own: a condition of one scope is none of another.
            String scoped = condition + link.when();
            String when = scoped.isEmpty() ? "" : "(" + prefix + ") " + scoped;
            links.add(
                    new TieLink(
                            prefix + link.reader(),
                            prefix + link.source(),
                            when,
                            false,
                            link.site()));
        }
    }

    private Optional<TieLink> link(
            ClassSpec spec, Tie tie, List<ModulePath> paths, List<Diagnostic> problems) {
        Optional<String> reader = reader(spec, tie, paths, problems);
        Optional<String> source = find(spec, tie.source(), reader.orElse(null), paths, problems);
        if (reader.isEmpty() || source.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new TieLink(
                        reader.get(), source.get(), tie.when().value(), true, tie.source().site()));
    }

    private Optional<String> reader(
            ClassSpec spec, Tie tie, List<ModulePath> paths, List<Diagnostic> problems) {
        Site site = tie.annotation();
        if (tie.field() == null) {
            if (tie.module().isEmpty()) {
                problems.add(Diagnostic.of(Message.TIE_MODULE_MISSING, site));
                return Optional.empty();
            }
            return find(spec, tie.module(), null, paths, problems);
        }
        if (!tie.module().isEmpty()) {
            problems.add(Diagnostic.of(Message.TIE_MODULE_ON_FIELD, tie.module().site()));
        }
        if (tie.target() == null) {
            problems.add(Diagnostic.of(Message.TIE_WITHOUT_TARGET, site, tie.field()));
        } else if (tie.repeated()) {
            problems.add(Diagnostic.of(Message.TIE_OF_LIST, site, tie.field()));
        } else {
            return Optional.of(tie.target());
        }
        return Optional.empty();
    }

    private static Optional<String> find(
            ClassSpec spec,
            Text written,
            @Nullable String reader,
            List<ModulePath> paths,
            List<Diagnostic> problems) {
        String path = written.value();
        List<String> single =
                paths.stream()
                        .filter(p -> p.isTarget() && !p.isRepeated())
                        .map(ModulePath::path)
                        .distinct()
                        .toList();
        if (single.contains(path) && !path.equals(reader)) {
            return Optional.of(path);
        }
        List<String> ends =
                single.stream()
                        .filter(p -> p.endsWith("." + path) && !p.equals(reader))
                        .sorted()
                        .toList();
        boolean isSelf = path.equals(reader);
        if (ends.size() == 1 && !isSelf) {
            return Optional.of(ends.get(0));
        }
        isSelf |= ends.isEmpty() && reader != null && reader.endsWith("." + path);
        problems.add(problem(spec, written, reader, paths, single, ends, isSelf));
        return Optional.empty();
    }

    private static Diagnostic problem(
            ClassSpec spec,
            Text written,
            @Nullable String reader,
            List<ModulePath> paths,
            List<String> single,
            List<String> ends,
            boolean isSelf) {
        String path = written.value();
        Site site = written.site();
        if (isSelf) {
            return Diagnostic.of(Message.TIE_SELF, site, path);
        }
        if (!ends.isEmpty()) {
            return Diagnostic.of(Message.TIE_AMBIGUOUS, site, path, String.join(", ", ends));
        }
        List<ModulePath> repeatedOnes =
                paths.stream().filter(p -> p.isTarget() && p.isRepeated()).toList();
        Optional<ModulePath> repeated =
                repeatedOnes.stream()
                        .filter(p -> p.isMeantWithoutIndices(path))
                        .findFirst()
                        .or(() -> repeatedOnes.stream().filter(p -> p.isMeantBy(path)).findFirst());
        if (repeated.isPresent()) {
            String found = repeated.get().path();
            return Diagnostic.of(Message.TIE_THROUGH_LIST, site, path, found);
        }
        Optional<ModulePath> untargeted =
                paths.stream().filter(p -> !p.isTarget() && p.isMeantBy(path)).findFirst();
        if (untargeted.isPresent()) {
            String found = untargeted.get().path();
            return Diagnostic.of(Message.TIE_UNTARGETED, site, path, found);
        }
        List<String> others = single.stream().filter(p -> !p.equals(reader)).toList();
        return Diagnostic.of(
                Message.TIE_UNKNOWN,
                site,
                path,
                spec.id().display(),
                Nearest.hintOrAll(path, others),
                reader == null ? "" : outside(spec, reader, path));
    }

    /** Returns how to declare a tie of a field to a module that its class does not reach. */
    private static String outside(ClassSpec spec, String reader, String path) {
        return String.format(
                " If it is outside of %s, declare the tie on the class that holds both:"
                        + " @Tied(module = \"...%s\", value = \"...%s\").",
                spec.id().display(), reader, path);
    }
}
