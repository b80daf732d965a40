package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.ModelGraph;
import java.util.List;

/** Applies all rules to a class, and settles what is generated for it. */
public final class ModelCheck {
    private static final List<Rule> RULES =
            List.of(
                    new ClassRule(),
                    new SuperclassRule(),
                    new FieldRule(),
                    new NameRule(),
                    new PathRule(),
                    new RoleRule(),
                    new ChildRule(),
                    new TieRule(),
                    new WhenRule(),
                    new UnreachableRule());

    private final ModelGraph graph;
    private final PathWalk walk;
    private final TieResolver resolver;

    /**
     * Creates a check of the classes of one model, or of several.
     *
     * @param graph the classes, and those that they reach; more may come, but none may change
     */
    public ModelCheck(ModelGraph graph) {
        this.graph = graph;
        this.walk = new PathWalk(graph);
        this.resolver = new TieResolver(graph, walk);
    }

    /** Checks a class of the graph. */
    public Checked check(ClassSpec spec) {
        Subject subject = subject(spec);
        // The fields of an interface or a record cannot be right: only the class is reported.
        List<Rule> rules = spec.traits().isPlainClass() ? RULES : RULES.subList(0, 1);
        List<Diagnostic> diagnostics =
                rules.stream().flatMap(rule -> rule.check(subject).stream()).toList();
        boolean isBroken = diagnostics.stream().anyMatch(Diagnostic::isError);
        return new Checked(diagnostics, new InjectorPlan(subject).settle(isBroken));
    }

    /**
     * Settles what is generated for a class that names types which do not exist: the members, which
     * do nothing.
     */
    public InjectorSpec unchecked(ClassSpec spec) {
        return new InjectorPlan(subject(spec)).settle(true);
    }

    private Subject subject(ClassSpec spec) {
        return new Subject(spec, graph, walk.paths(spec), resolver.resolve(spec));
    }
}
