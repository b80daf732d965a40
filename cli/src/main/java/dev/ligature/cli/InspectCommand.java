package dev.ligature.cli;

import com.google.gson.stream.JsonWriter;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.ModelFamily;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows a model's modules, roles and ties, and what an adapter touches. */
@Command(
        name = "inspect",
        description = "Shows a model's modules, roles and ties, and what an adapter touches.",
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private ModelOptions options = new ModelOptions();

    @Option(names = "--json", description = "Print JSON, every module by itself.")
    private boolean json;

    @Option(
            names = "--declared",
            description = "Show what the model's class declares: config.json is enough.")
    private boolean declared;

    InspectCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if (declared) {
            printDeclared();
            return 0;
        }
        try (LoadedModel loaded = LoadedModel.open(options, LoadOptions.defaults())) {
            ModelLayout layout = loaded.lora().layout();
            long parameters = LoadedModel.parameterCount(loaded.base().block());
            Optional<LoraPlan> plan =
                    loaded.routing().adapter().map(name -> loaded.lora().adapter(name).plan());
            terminal.out()
                    .print(json ? json(layout, parameters, plan) : text(layout, parameters, plan));
        }
        return 0;
    }

    private void printDeclared() throws IOException {
        if (options.adapter != null) {
            throw new BadInputException(
                    "--declared looks at no weights, so it cannot show an adapter. Leave out"
                            + " --declared or --adapter.");
        }
        // One class stands for all of the family; the configuration says whether it does for this.
        ModelFamily<?> family = ModelFamily.of(options.model);
        family.create(options.model);
        DeclaredModules modules = new DeclaredModules(family.describe());
        terminal.out().print(json ? modules.json() : modules.text());
    }

    private String text(ModelLayout layout, long parameters, Optional<LoraPlan> plan) {
        StringBuilder text = new StringBuilder();
        text.append(
                String.format(Locale.ROOT, "%s: %,d parameters%n%n", options.model, parameters));
        text.append(new ModuleTable(layout));
        plan.ifPresent(
                adapted ->
                        text.append("\nadapter ")
                                .append(options.adapter)
                                .append(":\n\n")
                                .append(Failure.withOptions(adapted.report()))
                                .append("\nas saved:\n\n")
                                .append(ServingCompatibility.of(adapted, layout).report()));
        return text.toString();
    }

    private String json(ModelLayout layout, long parameters, Optional<LoraPlan> plan)
            throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = new JsonWriter(text)) {
            writer.setIndent("  ");
            writer.beginObject();
            writer.name("model").value(options.model.toString());
            writer.name("parameters").value(parameters);
            writer.name("modules").beginArray();
            for (ModelLayout.Module module : layout.modules()) {
                write(writer, module);
            }
            writer.endArray();
            writer.name("ties").beginArray();
            for (ModelLayout.Module module : layout.modules()) {
                if (!module.weight().isEmpty() && !module.weight().equals(module.name())) {
                    writer.beginObject();
                    writer.name("reader").value(module.name());
                    writer.name("source").value(module.weight());
                    writer.endObject();
                }
            }
            writer.endArray();
            if (plan.isPresent() && options.adapter != null) {
                writer.name("adapter");
                write(writer, options.adapter, plan.get(), layout);
            }
            writer.endObject();
        }
        return text.append('\n').toString();
    }

    private static void write(JsonWriter writer, ModelLayout.Module module) throws IOException {
        writer.beginObject();
        writer.name("name").value(module.name());
        writer.name("aliases");
        strings(writer, module.aliases());
        writer.name("role").value(lower(module.role()));
        writer.name("kind").value(lower(module.kind()));
        if (!module.weight().isEmpty()) {
            writer.name("weight").value(module.weight());
            writer.name("shape").beginArray();
            for (long size : module.shape().getShape()) {
                writer.value(size);
            }
            writer.endArray();
            writer.name("dtype").value(lower(module.dataType()));
        }
        writer.endObject();
    }

    private static void write(JsonWriter writer, Path directory, LoraPlan plan, ModelLayout layout)
            throws IOException {
        writer.beginObject();
        writer.name("directory").value(directory.toString());
        writer.name("trainable_parameters").value(plan.trainableParameters());
        writer.name("pairs").beginArray();
        for (PairPlan pair : plan.pairs()) {
            writer.beginObject();
            writer.name("weight").value(pair.weight());
            writer.name("readers");
            strings(writer, pair.readers().stream().map(PairPlan.Reader::module).toList());
            writer.name("r").value(pair.rank());
            writer.name("lora_alpha").value(pair.alpha());
            writer.name("scaling").value(pair.scaling());
            writer.name("lora_dropout").value(pair.dropout());
            writer.name("parameters").value(pair.parameterCount());
            writer.endObject();
        }
        writer.endArray();
        writer.name("copies").beginArray();
        for (ReplacementPlan copy : plan.replacements()) {
            writer.beginObject();
            writer.name("reason").value(lower(copy.reason()));
            writer.name("readers");
            strings(writer, copy.readers().stream().map(ReplacementPlan.Reader::name).toList());
            writer.name("parameters").value(copy.parameterCount());
            writer.endObject();
        }
        writer.endArray();
        writer.name("token_rows").beginArray();
        for (TokenRowsPlan rows : plan.tokenRows()) {
            writer.beginObject();
            writer.name("readers");
            strings(writer, rows.readers().stream().map(TokenRowsPlan.Reader::module).toList());
            writer.name("indices").beginArray();
            for (int index : rows.indices()) {
                writer.value(index);
            }
            writer.endArray();
            writer.name("parameters").value(rows.parameterCount());
            writer.endObject();
        }
        writer.endArray();
        writer.name("warnings");
        strings(
                writer,
                plan.warnings().stream()
                        .map(warning -> Failure.withOptions(warning.toString()))
                        .toList());
        write(writer, ServingCompatibility.of(plan, layout));
        writer.endObject();
    }

    private static void write(JsonWriter writer, ServingCompatibility compatibility)
            throws IOException {
        writer.name("servers").beginArray();
        for (ServingCompatibility.Server server : ServingCompatibility.Server.values()) {
            writer.beginObject();
            writer.name("server").value(server.title());
            writer.name("accepts").value(compatibility.accepts(server));
            writer.name("findings").beginArray();
            for (ServingCompatibility.Finding finding : compatibility.of(server)) {
                writer.beginObject();
                writer.name("effect").value(lower(finding.effect()));
                writer.name("reason").value(finding.reason());
                writer.endObject();
            }
            writer.endArray().endObject();
        }
        writer.endArray();
    }

    private static void strings(JsonWriter writer, List<String> values) throws IOException {
        writer.beginArray();
        for (String value : values) {
            writer.value(value);
        }
        writer.endArray();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
