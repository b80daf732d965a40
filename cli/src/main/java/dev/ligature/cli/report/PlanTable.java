package dev.ligature.cli.report;

import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What of a model is trained. What layers have in common has one row. */
final class PlanTable {
    private static final List<String> HEADER =
            List.of("Module", "Trained", "Tied with", "Rank", "Scaling", "Number", "Parameters");

    /** What modules of several layers have in common. */
    private record Line(String name, String what, String tied, String rank, String scaling) {}

    /** How many modules there are of a line, and what they have together. */
    private record Sum(long number, long parameters) {
        Sum plus(Sum other) {
            return new Sum(number + other.number, parameters + other.parameters);
        }
    }

    private final Map<Line, Sum> lines = new LinkedHashMap<>();

    private PlanTable(LoraPlan plan) {
        plan.pairs().forEach(this::add);
        plan.replacements().forEach(this::add);
        plan.tokenRows().forEach(this::add);
    }

    static void write(Markup page, LoraPlan plan) {
        List<List<String>> rows = new ArrayList<>();
        new PlanTable(plan)
                .lines.forEach(
                        (line, sum) ->
                                rows.add(
                                        List.of(
                                                line.name,
                                                line.what,
                                                line.tied,
                                                line.rank,
                                                line.scaling,
                                                Numbers.count(sum.number),
                                                Numbers.count(sum.parameters))));
        ReportPage.table(page, "Trained modules", HEADER, rows, 3);
    }

    private void add(PairPlan pair) {
        String what = pair.dora() ? "low rank, DoRA" : "low rank";
        add(
                pair.readers().stream().map(PairPlan.Reader::module).toList(),
                what + " (" + pair.out() + " × " + pair.in() + ")",
                "" + pair.rank(),
                Numbers.shown(pair.scaling()),
                pair.parameterCount());
    }

    private void add(ReplacementPlan copy) {
        String what =
                switch (copy.reason()) {
                    case SAVED_MODULE -> "whole copy";
                    case BIAS -> "bias";
                    case FILE -> "not trained: the base of the file";
                };
        List<String> readers = copy.readers().stream().map(ReplacementPlan.Reader::name).toList();
        add(readers, what, "", "", copy.parameterCount());
    }

    private void add(TokenRowsPlan tokens) {
        add(
                tokens.readers().stream().map(TokenRowsPlan.Reader::module).toList(),
                tokens.indices().size() + " of " + Numbers.count(tokens.rows()) + " token rows",
                "",
                "",
                tokens.parameterCount());
    }

    private void add(
            List<String> readers, String what, String rank, String scaling, long parameters) {
        Line line =
                new Line(
                        LayerNames.starred(readers.get(0)),
                        what,
                        String.join(
                                ", ", readers.stream().skip(1).map(LayerNames::starred).toList()),
                        rank,
                        scaling);
        lines.merge(line, new Sum(1, parameters), Sum::plus);
    }
}
