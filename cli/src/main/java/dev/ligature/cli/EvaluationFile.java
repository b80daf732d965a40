package dev.ligature.cli;

import dev.ligature.cli.report.RunFiles;
import dev.ligature.models.evaluation.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The numbers of each evaluation of a training, as a table that grows while it runs. */
final class EvaluationFile {
    static final String NAME = RunFiles.EVALUATIONS;

    private EvaluationFile() {}

    /** Adds an evaluation to the table in a folder. */
    static void add(Path folder, long step, Evaluation evaluation) throws IOException {
        Path file = folder.resolve(NAME);
        String head =
                Files.exists(file)
                        ? ""
                        : "step," + String.join(",", evaluation.numbers().keySet()) + "\n";
        String row =
                evaluation.numbers().values().stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(","));
        Files.writeString(
                file,
                head + step + "," + row + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Returns after which step the last evaluation was; 0 if there was none. */
    static long lastStep(Path folder) throws IOException {
        return RunFiles.read(folder).lastEvaluation();
    }

    /** Returns the numbers in a line, for a person. */
    static String line(Evaluation evaluation) {
        return evaluation.numbers().entrySet().stream()
                .map(EvaluationFile::shown)
                .collect(Collectors.joining(", "));
    }

    private static String shown(Map.Entry<String, Double> number) {
        return String.format(Locale.ROOT, "%s %.4f", number.getKey(), number.getValue());
    }
}
