package dev.ligature.cli;

import dev.ligature.annotation.Role;
import dev.ligature.cli.report.LayerNames;
import dev.ligature.plan.ModelLayout;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The modules of a model as a table. Modules that differ in the number of their layer alone have
 * one line: {@code model.layers.*.self_attn.q_proj}.
 */
final class ModuleTable {
    private final ModelLayout layout;

    ModuleTable(ModelLayout layout) {
        this.layout = layout;
    }

    @Override
    public String toString() {
        Map<Line, Integer> counts = new LinkedHashMap<>();
        for (ModelLayout.Module module : layout.modules()) {
            counts.merge(Line.of(module), 1, Integer::sum);
        }
        TextTable table =
                new TextTable("module", "number", "reads", "shape", "dtype", "role", "tied to");
        counts.forEach(
                (line, count) ->
                        table.add(
                                line.name,
                                count.toString(),
                                line.kind,
                                line.shape,
                                line.dataType,
                                line.role,
                                line.tiedTo));
        return table.toString();
    }

    /** What a module has in common with those of other layers. */
    private record Line(
            String name, String kind, String shape, String dataType, String role, String tiedTo) {
        static Line of(ModelLayout.Module module) {
            boolean tied = !module.weight().isEmpty() && !module.weight().equals(module.name());
            return new Line(
                    LayerNames.starred(module.name()),
                    module.kind().name().toLowerCase(Locale.ROOT),
                    module.weight().isEmpty() ? "" : module.shape().toString(),
                    module.weight().isEmpty()
                            ? ""
                            : module.dataType().name().toLowerCase(Locale.ROOT),
                    module.role() == Role.MODULE
                            ? ""
                            : module.role().name().toLowerCase(Locale.ROOT),
                    tied ? module.weight() : "");
        }
    }
}
