package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import dev.ligature.models.internal.jinja.syntax.Statement;
import dev.ligature.models.internal.jinja.syntax.StatementParser;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A Jinja template. Thread-safe. */
public final class Template {
    private static final Pattern GENERATION = Pattern.compile("\\{%[-+]?\\s*generation\\s*[-+]?%}");

    private final List<Statement> statements;
    private final boolean marksGenerated;

    private Template(List<Statement> statements, boolean marksGenerated) {
        this.statements = statements;
        this.marksGenerated = marksGenerated;
    }

    /**
     * Parses a template.
     *
     * @throws JinjaException if it is none
     */
    public static Template parse(String source) {
        return new Template(StatementParser.parse(source), GENERATION.matcher(source).find());
    }

    /** Returns whether it has {@code generation} blocks. */
    public boolean marksGenerated() {
        return marksGenerated;
    }

    /**
     * Renders the template.
     *
     * @param variables its variables, of the values that the package names
     * @param now the time that {@code strftime_now} writes
     * @param limits what the rendering may use
     * @throws JinjaException if the template fails, or refuses the variables
     */
    public Rendered render(Map<String, Object> variables, ZonedDateTime now, Limits limits) {
        Budget budget = new Budget(limits);
        Scope globals = new Scope(null);
        Globals.addTo(globals, budget, now);
        Scope scope = new Scope(globals);
        variables.forEach(scope::set);
        return new Renderer(budget).render(statements, scope);
    }
}
