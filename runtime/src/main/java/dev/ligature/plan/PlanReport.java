package dev.ligature.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A plan as a text to be read: one line for a pair, a copy or token rows, its tied readers below
 * it, then the warnings.
 */
final class PlanReport {
    private static final List<String> HEADER =
            List.of("module", "reads", "r", "alpha", "scaling", "parameters");

    private PlanReport() {}

    static String of(
            List<PairPlan> pairs,
            List<ReplacementPlan> replacements,
            List<TokenRowsPlan> tokenRows,
            long parameters,
            List<PlanWarning> warnings) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        pairs.forEach(pair -> addRows(pair, rows));
        replacements.forEach(copy -> addRows(copy, rows));
        tokenRows.forEach(tokens -> addRows(tokens, rows));
        rows.add(List.of("total", "", "", "", "", count(parameters)));
        int[] widths = widths(rows);
        StringBuilder text = new StringBuilder();
        rows.forEach(row -> addLine(row, widths, text));
        warnings.forEach(warning -> text.append(warning).append('\n'));
        return text.toString();
    }

    private static void addRows(PairPlan pair, List<List<String>> rows) {
        for (PairPlan.Reader reader : pair.readers()) {
            String reads = reader.kind().name().toLowerCase(Locale.ROOT);
            boolean first = rows.isEmpty() || reader.module().equals(pair.name());
            rows.add(
                    first
                            ? List.of(
                                    reader.module(),
                                    reads,
                                    "" + pair.rank(),
                                    number(pair.alpha()),
                                    number(pair.scaling()),
                                    count(pair.parameterCount()))
                            : List.of("  tied: " + reader.module(), reads, "", "", "", ""));
        }
    }

    private static void addRows(ReplacementPlan copy, List<List<String>> rows) {
        for (ReplacementPlan.Reader reader : copy.readers()) {
            rows.add(
                    reader.name().equals(copy.name())
                            ? List.of(
                                    copy.name(),
                                    copy.reason() == ReplacementPlan.Reason.BIAS
                                            ? "trained bias"
                                            : "whole copy",
                                    "",
                                    "",
                                    "",
                                    count(copy.parameterCount()))
                            : List.of("  tied: " + reader.name(), "", "", "", "", ""));
        }
    }

    private static void addRows(TokenRowsPlan tokens, List<List<String>> rows) {
        for (TokenRowsPlan.Reader reader : tokens.readers()) {
            rows.add(
                    reader.module().equals(tokens.name())
                            ? List.of(
                                    tokens.name(),
                                    tokens.indices().size()
                                            + " of "
                                            + count(tokens.rows())
                                            + " rows",
                                    "",
                                    "",
                                    "",
                                    count(tokens.parameterCount()))
                            : List.of("  tied: " + reader.module(), "", "", "", "", ""));
        }
    }

    private static int[] widths(List<List<String>> rows) {
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        return widths;
    }

    private static void addLine(List<String> row, int[] widths, StringBuilder text) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = row.get(column);
            String space = " ".repeat(widths[column] - cell.length());
            // words to the left, numbers to the right
            line.append(column < 2 ? cell + space : space + cell).append("  ");
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.4g", value);
    }

    private static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
