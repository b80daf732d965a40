package dev.ligature.cli.report;

import ai.djl.ndarray.types.DataType;
import dev.ligature.cli.report.TrainingReport.Base;
import dev.ligature.cli.report.TrainingReport.Sample;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.ModelTask;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reports without a training. */
final class Pages {
    private Pages() {}

    /** Returns a report in which all that is text is the given one. */
    static TrainingReport of(String text) {
        PairPlan pair =
                new PairPlan(
                        text,
                        List.of(
                                new PairPlan.Reader(text, ModuleKind.LINEAR),
                                new PairPlan.Reader("tied" + text, ModuleKind.LINEAR)),
                        new PairPlan.Geometry(4, 4, null, false),
                        PairPlan.Strength.of(2, 4, false, 0),
                        new PairPlan.Variant(LoraInit.DEFAULT, false, false),
                        DataType.FLOAT32);
        LoraConfig config = LoraConfig.builder().setTargetModules(List.of("q")).build();
        return new TrainingReport(
                Path.of(text),
                Path.of(text),
                ModelTask.CAUSAL_LM,
                text,
                Map.of(text, text),
                new LoraPlan(config, List.of(pair), List.of(), List.of(), List.of()),
                new Base(100, new ServingCompatibility(List.of())),
                Map.of(text, text),
                text,
                List.of(new Sample(text, text, text, text + "\u0000")));
    }
}
