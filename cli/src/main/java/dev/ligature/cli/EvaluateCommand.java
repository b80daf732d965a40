package dev.ligature.cli;

import dev.ligature.models.evaluation.Evaluation;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.training.TaskKind;
import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures a model, with an adapter or without. */
@Command(
        name = "evaluate",
        description = {
            "Measures how well a model does on data, and prints a number a line.",
            "The task follows from the model, and its data looks as that of train does."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private ModelOptions options = new ModelOptions();

    @Mixin private TrainingDataOptions dataOptions = new TrainingDataOptions();

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Decides which tokens are masked. Default: 0.")
    private int seed;

    EvaluateCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        dataOptions.check();
        try (LoadedModel loaded = LoadedModel.open(options)) {
            TaskKind task = dataOptions.task(loaded.base());
            EvaluationData data = dataOptions.measured(task, loaded, seed);
            Evaluation found =
                    Evaluation.of(loaded.lora().routed(loaded.routing()), data, loaded.manager());
            PrintStream out = terminal.out();
            found.numbers().forEach((name, value) -> out.println(name + " " + value));
            loaded.warn(terminal);
        }
        return 0;
    }
}
