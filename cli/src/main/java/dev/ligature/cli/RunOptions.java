package dev.ligature.cli;

import dev.ligature.models.run.FileDigest;
import dev.ligature.models.run.RunSettings;
import dev.ligature.ops.OperatorLookup;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options that decide the numbers of a training, as they were given. */
final class RunOptions {
    /** What stands in a value of --data between an archive and what is taken from it. */
    private static final String INSIDE = "!/";

    private static final Set<String> GENERAL = Set.of("--help", "--version", "--debug");

    private static final Set<String> FILES =
            Set.of(
                    "--model",
                    "--data",
                    "--token-ids",
                    "--eval-data",
                    "--init-adapter",
                    "--adapter-config");

    /** The system property that says which operators compute. */
    private static final String OPERATORS = "ligature.operators";

    private static final String OPERATORS_SETTING = "-D" + OPERATORS;

    private RunOptions() {}

    /**
     * Has a training computed by the operators that it was begun with, which follow from a
     * measurement else, if they have not been chosen yet.
     */
    static void useOperatorsOf(RunSettings begun) {
        String operators = begun.values().get(OPERATORS_SETTING);
        if (operators != null && System.getProperty(OPERATORS) == null) {
            System.setProperty(OPERATORS, operators);
        }
    }

    /** Returns the options of a command as they were given, with the defaults of the others. */
    static Map<String, String> given(CommandSpec spec) {
        Map<String, String> values = new LinkedHashMap<>();
        ParseResult parsed = spec.commandLine().getParseResult();
        for (OptionSpec option : spec.options()) {
            String name = option.longestName();
            if (parsed.hasMatchedOption(name)) {
                List<String> given = parsed.matchedOption(name).stringValues();
                values.put(name, given.isEmpty() ? "true" : String.join(" ", given));
            } else if (option.defaultValue() != null && !GENERAL.contains(name)) {
                values.put(name, option.defaultValue());
            }
        }
        return values;
    }

    /**
     * Returns the settings of a command.
     *
     * @param spec the command, parsed
     * @param without options that are left out
     * @param loaded the model
     */
    static RunSettings of(CommandSpec spec, Set<String> without, LoadedModel loaded)
            throws IOException {
        Path model = loaded.base().directory(); // which --model may only point to
        Map<String, String> values = new LinkedHashMap<>();
        values.put(OPERATORS_SETTING, OperatorLookup.engine(loaded.manager()).choice());
        ParseResult parsed = spec.commandLine().getParseResult();
        for (OptionSpec option : spec.options()) {
            String name = option.longestName();
            if (without.contains(name) || GENERAL.contains(name)) {
                continue;
            }
            if (parsed.hasMatchedOption(name)) {
                List<String> given = parsed.matchedOption(name).stringValues();
                values.put(name, FILES.contains(name) ? files(name, given, model) : text(given));
            } else if (option.defaultValue() != null) {
                values.put(name, text(List.of(option.defaultValue())));
            }
        }
        return new RunSettings(values);
    }

    private static String files(String name, List<String> given, Path model) throws IOException {
        if (name.equals("--model")) {
            return FileDigest.ofModel(model);
        }
        List<Path> files = given.stream().map(value -> Path.of(value.split(INSIDE, 2)[0])).toList();
        String parts =
                given.stream()
                        .filter(value -> value.contains(INSIDE))
                        .map(value -> " " + value.split(INSIDE, 2)[1])
                        .collect(Collectors.joining());
        return FileDigest.of(files) + parts;
    }

    private static String text(List<String> given) {
        return given.isEmpty()
                ? "true"
                : given.stream().map(RunOptions::plain).collect(Collectors.joining(","));
    }

    /** Returns a number without its spelling, and a word in small letters. */
    private static String plain(String value) {
        try {
            return new BigDecimal(value).stripTrailingZeros().toPlainString();
        } catch (NumberFormatException e) {
            return value.toLowerCase(Locale.ROOT);
        }
    }
}
