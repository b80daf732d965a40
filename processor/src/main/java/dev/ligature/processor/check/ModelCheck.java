package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.model.ClassSpec;
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

    private ModelCheck() {}

    /**
     * Checks a class.
     *
     * @param spec the class
     * @param graph the classes that it reaches
     */
    public static Checked check(ClassSpec spec, ModelGraph graph) {
        Subject subject = Subject.of(spec, graph);
        // The fields of an interface or a record cannot be right: only the class is reported.
        List<Rule> rules = spec.traits().isPlainClass() ? RULES : RULES.subList(0, 1);
        List<Diagnostic> diagnostics =
                rules.stream().flatMap(rule -> rule.check(subject).stream()).toList();
        boolean isBroken = diagnostics.stream().anyMatch(Diagnostic::isError);
        return new Checked(diagnostics, new InjectorPlan(subject).settle(isBroken));
    }
}
