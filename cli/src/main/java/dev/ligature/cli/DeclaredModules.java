package dev.ligature.cli;

import com.google.gson.stream.JsonWriter;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What the class of a model declares, without a model: names, roles, and ties with conditions. */
final class DeclaredModules {
    private final ModelDescription description;

    DeclaredModules(ModelDescription description) {
        this.description = description;
    }

    /** Returns a table with a line for each module. */
    String text() {
        TextTable table = new TextTable("module", "role", "tied to", "when");
        for (ModelDescription.Module module : description.modules()) {
            List<ModelDescription.Tie> ties =
                    description.ties().stream()
                            .filter(tie -> tie.reader().equals(module.name()))
                            .toList();
            table.add(
                    module.name(),
                    module.role() == Role.MODULE ? "" : lower(module.role()),
                    ties.stream()
                            .map(ModelDescription.Tie::source)
                            .collect(Collectors.joining(", ")),
                    ties.stream()
                            .map(ModelDescription.Tie::when)
                            .collect(Collectors.joining(", ")));
        }
        return table.toString();
    }

    /** Returns the modules and ties as JSON. */
    String json() throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = new JsonWriter(text)) {
            writer.setIndent("  ");
            writer.beginObject();
            writer.name("modules").beginArray();
            for (ModelDescription.Module module : description.modules()) {
                writer.beginObject();
                writer.name("name").value(module.name());
                writer.name("role").value(lower(module.role()));
                writer.endObject();
            }
            writer.endArray();
            writer.name("ties").beginArray();
            for (ModelDescription.Tie tie : description.ties()) {
                writer.beginObject();
                writer.name("reader").value(tie.reader());
                writer.name("source").value(tie.source());
                writer.name("when").value(tie.when());
                writer.endObject();
            }
            writer.endArray();
            writer.endObject();
        }
        return text.append('\n').toString();
    }

    private static String lower(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }
}
