package dev.ligature.internal.diag;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A place in the sources that creates an error or a warning.
 *
 * @param type the class that is created
 * @param codes the codes that it may have
 * @param text the longest text in its message that is the same in all cases; empty if it has none
 */
record ErrorSite(String type, List<String> codes, String text) {
    private static final Pattern CREATION =
            Pattern.compile(
                    "new\\s+(LoraException|UnknownAdapterException|CheckpointException"
                            + "|PlanWarning)\\s*\\(");
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern JOINED = Pattern.compile("(?<!\\\\)\"\\s*\\+\\s*\"");

    /** A constant of a room's catalogue: its code, perhaps its severity, and its pattern. */
    private static final Pattern CONSTANT =
            Pattern.compile(
                    "\\b[A-Z][A-Z0-9_]*\\(\\s*\"(\\w+)\",\\s*([\\w.]+,\\s*)?(\"(?:[^\"\\\\]|\\\\.|\"\\s*\\+\\s*\")*\")\\)");

    private static final Pattern VALUE = Pattern.compile("%(\\d+\\$)?[a-z]");

    private static ErrorSite constant(MatchResult constant) {
        boolean warning = constant.group(2) != null && constant.group(2).contains("WARNING");
        String text =
                literals(constant.group(3)).stream()
                        .flatMap(VALUE::splitAsStream)
                        .max(Comparator.comparingInt(String::length))
                        .orElse("");
        return new ErrorSite(
                warning ? "PlanWarning" : "LoraException", List.of(constant.group(1)), text);
    }

    boolean isWarning() {
        return type.equals("PlanWarning");
    }

    /** Returns the places in the sources below a directory that say which code they give. */
    static List<ErrorSite> in(Path directory) {
        List<ErrorSite> sites = new ArrayList<>();
        for (Path file : sources(directory)) {
            String source = read(file);
            if (file.toString().endsWith("Message.java")) {
                CONSTANT.matcher(source).results().forEach(c -> sites.add(constant(c)));
            }
            Matcher creation = CREATION.matcher(source);
            while (creation.find()) {
                List<String> arguments = arguments(source, creation.end());
                // An error that is thrown again, or a warning that is made an error, or the text of
                // a catalogue.
                if (!arguments.get(0).endsWith("code()")) {
                    sites.add(site(file, creation.group(1), arguments));
                }
            }
        }
        return sites;
    }

    /** Returns the Java files below a directory. */
    static List<Path> sources(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ErrorSite site(Path file, String type, List<String> arguments) {
        List<String> codes = literals(arguments.get(0));
        if (codes.isEmpty()) {
            throw new AssertionError(
                    file
                            + " gives a "
                            + type
                            + " the code "
                            + arguments.get(0)
                            + ". Write the code as a literal where the error is created.");
        }
        String text =
                literals(arguments.get(1)).stream()
                        .max(Comparator.comparingInt(String::length))
                        .orElse("");
        return new ErrorSite(type, codes, text);
    }

    /** Returns the strings in a piece of source; what is joined by a plus is one. */
    static List<String> literals(String source) {
        return LITERAL.matcher(JOINED.matcher(source).replaceAll(""))
                .results()
                .map(literal -> literal.group(1).replaceAll("\\\\([\"\\\\])", "$1"))
                .toList();
    }

    /** Returns the arguments of a call, from behind its parenthesis on. */
    private static List<String> arguments(String source, int from) {
        List<String> arguments = new ArrayList<>();
        int depth = 0;
        int start = from;
        int at = from;
        for (; depth >= 0; at++) {
            char c = source.charAt(at);
            if (c == '"' || c == '\'') {
                at = endOfLiteral(source, at);
            } else if (c == '(' || c == '{') {
                depth++;
            } else if (c == ')' || c == '}') {
                depth--;
            }
            if ((c == ',' && depth == 0) || depth < 0) {
                arguments.add(source.substring(start, at).strip());
                start = at + 1;
            }
        }
        return arguments;
    }

    private static int endOfLiteral(String source, int start) {
        int at = start + 1;
        while (source.charAt(at) != source.charAt(start)) {
            at += source.charAt(at) == '\\' ? 2 : 1;
        }
        return at;
    }
}
