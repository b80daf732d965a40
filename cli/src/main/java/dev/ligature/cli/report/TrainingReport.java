package dev.ligature.cli.report;

import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.ModelTask;
import dev.ligature.plan.LoraPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the report of a training says beside the numbers of its steps.
 *
 * @param model the base model, as it was named
 * @param adapter where the adapter is written to
 * @param task what the model is for
 * @param state how the training ended, or how far it is
 * @param options the options of the command
 * @param plan what is trained
 * @param layout what the adapter is on, and how large
 * @param data what the data is, by words
 * @param items what the loss is the mean over, in the plural
 * @param samples what the model makes of some prompts; may be empty
 */
public record TrainingReport(
        Path model,
        Path adapter,
        ModelTask task,
        String state,
        Map<String, String> options,
        LoraPlan plan,
        Base layout,
        Map<String, String> data,
        String items,
        List<Sample> samples) {
    /** The file that a training writes. */
    public static final String NAME = "report.html";

    /**
     * What is known of the base.
     *
     * @param parameters how many numbers it has learnt
     * @param servers which servers take the adapter
     */
    public record Base(long parameters, ServingCompatibility servers) {}

    /**
     * What a model makes of a prompt, taking the likeliest token each time.
     *
     * @param prompt the prompt
     * @param data what the data says; may be empty
     * @param base what the base says
     * @param adapter what it says with the adapter
     */
    public record Sample(String prompt, String data, String base, String adapter) {}

    /**
     * Returns the page.
     *
     * @param folder where the tables of the steps are
     */
    public String html(Path folder) throws IOException {
        RunFiles files = RunFiles.read(folder);
        return ReportPage.of(
                "Training of " + adapter.toAbsolutePath().normalize().getFileName(),
                page -> write(page, files));
    }

    private void write(Markup page, RunFiles files) {
        page.element("p", state + " · " + model, "class", "state").line();
        tiles(page, files);
        ReportPage.section(page, "Steps", () -> new RunCharts(files, items).write(page));
        if (!samples.isEmpty()) {
            ReportPage.section(page, "Samples before and after", () -> samples(page));
        }
        ReportPage.section(page, "What is trained", () -> PlanTable.write(page, plan));
        ReportPage.section(page, "Data", () -> pairs(page, "Statistics of the data", data));
        ReportPage.section(page, "Options", () -> pairs(page, "Options of the command", options));
        ReportPage.section(
                page,
                "Loading the adapter",
                () -> new HowToLoad(model, adapter, task).write(page, plan, layout.servers()));
    }

    private void tiles(Markup page, RunFiles files) {
        page.open("dl", "class", "tiles").line();
        ReportPage.tile(page, "Training loss", Numbers.shown(files.lastLoss()), "last ten steps");
        if (files.bestStep() > 0) {
            ReportPage.tile(
                    page,
                    "Lowest evaluation loss",
                    Numbers.shown(files.bestLoss()),
                    "after step " + Numbers.count(files.bestStep()));
        }
        ReportPage.tile(page, "Steps", Numbers.count(files.steps()), "of the optimizer");
        ReportPage.tile(
                page, "Speed", Numbers.shown(Math.rint(files.speed())), items + " a second");
        if (!Double.isNaN(files.memory())) {
            ReportPage.tile(page, "Memory", Numbers.bytes(files.memory()), "most after a step");
        }
        long trained = plan.trainableParameters();
        ReportPage.tile(
                page,
                "Trained parameters",
                Numbers.count(trained),
                String.format(
                        Locale.ROOT,
                        "%.3g %% of %s",
                        100.0 * trained / Math.max(1, layout.parameters()),
                        Numbers.count(layout.parameters())));
        page.close().line();
    }

    private static void pairs(Markup page, String caption, Map<String, String> values) {
        ReportPage.table(
                page,
                caption,
                List.of("Name", "Value"),
                values.entrySet().stream().map(e -> List.of(e.getKey(), e.getValue())).toList(),
                2);
    }

    private void samples(Markup page) {
        page.element("p", "The likeliest token each time, until the end or for 32 tokens.");
        for (Sample sample : samples) {
            page.open("article", "class", "sample").element("h3", "Prompt");
            page.element("blockquote", sample.prompt()).open("dl");
            said(page, "Data", sample.data());
            said(page, "Base", sample.base());
            said(page, "Adapter", sample.adapter());
            page.close().close().line();
        }
    }

    private static void said(Markup page, String who, String text) {
        if (!text.isEmpty() || !who.equals("Data")) {
            page.element("dt", who).element("dd", text.isEmpty() ? "(nothing)" : text);
        }
    }
}
