package dev.ligature.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.cli.report.TrainingReport;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.ModelTask;
import dev.ligature.models.training.TensorFile;
import dev.ligature.models.training.TrainingData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The report of a training, which is written at its end and with each checkpoint. */
final class ReportFile {
    private final LoadedModel loaded;
    private final Adapter adapter;
    private final TrainingData data;
    private final Terminal terminal;
    private final Map<String, String> options;
    private final DataCounts counts = new DataCounts();
    private @Nullable SamplePrompts prompts;

    /**
     * Creates it.
     *
     * @param loaded the model
     * @param adapter what is trained
     * @param data what it is trained on
     * @param terminal where notes go
     * @param options the options of the command
     */
    ReportFile(
            LoadedModel loaded,
            Adapter adapter,
            TrainingData data,
            Terminal terminal,
            Map<String, String> options) {
        this.loaded = loaded;
        this.adapter = adapter;
        this.data = data;
        this.terminal = terminal;
        this.options = options;
    }

    /** Chooses prompts for samples; the data is to be sought after that. */
    void choosePrompts(int most) throws IOException {
        boolean generates = loaded.base().task() == ModelTask.CAUSAL_LM;
        if (generates && most > 0 && !(data instanceof TensorFile)) {
            prompts = SamplePrompts.of(data, most, loaded);
        }
    }

    DataCounts counts() {
        return counts;
    }

    /** Returns which servers take the adapter as it is saved. */
    ServingCompatibility servers() {
        return ServingCompatibility.ofSaved(adapter.plan(), loaded.lora().layout());
    }

    /**
     * Writes the report, in place of one that is there.
     *
     * @param tables where the tables of the steps are
     * @param file the file
     * @param state how far the training is, or how it ended
     * @param sampled whether it has samples, which take a while
     */
    void write(Path tables, Path file, String state, boolean sampled) throws IOException {
        TrainingReport report =
                new TrainingReport(
                        Path.of(options.getOrDefault("--model", "")),
                        Path.of(options.getOrDefault("--output", "")),
                        loaded.base().task(),
                        state,
                        options,
                        adapter.plan(),
                        new TrainingReport.Base(
                                LoadedModel.parameterCount(loaded.base().block()), servers()),
                        counts.shown(data),
                        data.items(),
                        sampled ? samples() : List.of());
        StagedFile.write(file, report.html(tables));
    }

    /** Writes the options beside the adapter, for a comparison with other trainings. */
    void writeOptions(Path file) throws IOException {
        JsonObject values = new JsonObject();
        options.forEach(values::addProperty);
        JsonObject json = new JsonObject();
        json.add("options", values);
        StagedFile.write(file, new GsonBuilder().setPrettyPrinting().create().toJson(json) + "\n");
    }

    private List<TrainingReport.Sample> samples() throws IOException {
        try {
            return prompts == null ? List.of() : prompts.continued(loaded);
        } catch (LoraException e) { // which must not cost the adapter
            terminal.note("the report has no samples: " + e.getMessage());
            return List.of();
        }
    }
}
