package dev.ligature.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A plan as a text: one line for a pair, a copy or token rows, its tied readers below it, then the
 * warnings.
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
        for (PairPlan pair : pairs) {
            String rank = "" + pair.rank();
            String alpha = number(pair.alpha());
            String scaling = number(pair.scaling());
            String first = reads(pair.readers().get(0));
            String size = count(pair.parameterCount());
            rows.add(List.of(pair.name(), first, rank, alpha, scaling, size));
            pair.readers().stream().skip(1).forEach(r -> rows.add(tied(r.module(), reads(r))));
        }
        for (ReplacementPlan copy : replacements) {
            String what =
                    switch (copy.reason()) {
                        case SAVED_MODULE -> "whole copy";
                        case BIAS -> "trained bias";
                        case FILE -> "base of the file";
                    };
            rows.add(List.of(copy.name(), what, "", "", "", count(copy.parameterCount())));
            copy.readers().stream().skip(1).forEach(r -> rows.add(tied(r.name(), "")));
        }
        for (TokenRowsPlan tokens : tokenRows) {
            String what = tokens.indices().size() + " of " + count(tokens.rows()) + " rows";
            rows.add(List.of(tokens.name(), what, "", "", "", count(tokens.parameterCount())));
            tokens.readers().stream().skip(1).forEach(r -> rows.add(tied(r.module(), "")));
        }
        rows.add(List.of("total", "", "", "", "", count(parameters)));
        int[] widths = widths(rows);
        StringBuilder text = new StringBuilder();
        rows.forEach(row -> addLine(row, widths, text));
        warnings.forEach(warning -> text.append(warning).append('\n'));
        return text.toString();
    }

    private static String reads(PairPlan.Reader reader) {
        return reader.kind().name().toLowerCase(Locale.ROOT);
    }

    private static List<String> tied(String name, String reads) {
        return List.of("  tied: " + name, reads, "", "", "", "");
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
