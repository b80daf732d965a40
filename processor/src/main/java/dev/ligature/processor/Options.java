package dev.ligature.processor;

import dev.ligature.internal.hint.Nearest;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Reporter.Warnings;
import dev.ligature.processor.diag.Site;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The options {@code -Aligature.*} of a compilation.
 *
 * @param given whether there are any
 * @param verbose whether notes say what is written and what waits
 * @param warnings what becomes of warnings
 * @param problems what is wrong with the options; those are at their defaults
 */
record Options(boolean given, boolean verbose, Warnings warnings, List<Diagnostic> problems) {
    private static final String PREFIX = "ligature.";
    private static final String VERBOSE = PREFIX + "verbose";
    private static final String WARNINGS = PREFIX + "warnings";

    /** The names of all options. */
    static final Set<String> NAMES = Set.of(VERBOSE, WARNINGS);

    Options {
        problems = List.copyOf(problems);
    }

    /**
     * Reads the options among those of all processors.
     *
     * @param options the values by name; null where only the name was given
     */
    static Options of(Map<String, String> options) {
        List<Diagnostic> problems = new ArrayList<>();
        for (String name : new TreeMap<>(options).keySet()) {
            if (name.startsWith(PREFIX) && !NAMES.contains(name)) {
                String hint = Nearest.hintOrAll(name, NAMES);
                problems.add(Diagnostic.of(Message.OPTION_UNKNOWN, Site.NOWHERE, name, hint));
            }
        }
        List<String> booleans = List.of("false", "true");
        List<String> levels =
                Arrays.stream(Warnings.values())
                        .map(level -> level.name().toLowerCase(Locale.ROOT))
                        .toList();
        String verbose = choice(options, VERBOSE, booleans, problems);
        String warnings = choice(options, WARNINGS, levels, problems);
        return new Options(
                options.keySet().stream().anyMatch(name -> name.startsWith(PREFIX)),
                Boolean.parseBoolean(verbose),
                Warnings.valueOf(warnings.toUpperCase(Locale.ROOT)),
                problems);
    }

    /** Returns the value of an option; the first is the default. */
    private static String choice(
            Map<String, String> options,
            String name,
            List<String> values,
            List<Diagnostic> problems) {
        String value = options.containsKey(name) ? "" + options.get(name) : values.get(0);
        if (values.contains(value)) {
            return value;
        }
        String known = String.join(", ", values);
        problems.add(Diagnostic.of(Message.OPTION_VALUE, Site.NOWHERE, name, value, known));
        return values.get(0);
    }
}
