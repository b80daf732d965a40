package dev.ligature.cli;

import dev.ligature.cli.report.ComparedRun;
import dev.ligature.cli.report.Comparison;
import dev.ligature.internal.files.StagedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lays trainings over each other. */
@Command(
        name = "compare",
        description = {
            "Compares trainings: prints their losses, speeds and differing options, and with",
            "--output draws their steps over each other."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(
            arity = "2..*",
            paramLabel = "RUN",
            description = "The folders of adapters that train has written, or of checkpoints.")
    private List<Path> folders = List.of();

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Write a page with the plots, report.html for one; must not exist.")
    private @Nullable Path output;

    CompareCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if (output != null) {
            WorkDirectory.requireAbsent(output);
            WorkDirectory.requireParent(output);
        }
        List<ComparedRun> runs = new ArrayList<>();
        for (Path folder : folders) {
            runs.add(ComparedRun.read(folder, name(folder)));
        }
        Comparison comparison = new Comparison(runs);
        terminal.out().print(table(Comparison.header(), comparison.rows()));
        List<List<String>> differences = comparison.differences();
        if (!differences.isEmpty()) {
            List<String> header = new ArrayList<>(List.of("setting"));
            runs.forEach(run -> header.add(run.name()));
            terminal.out().print("\n" + table(header, differences));
        }
        if (output != null) {
            StagedFile.write(output, comparison.html());
            terminal.note("page written to " + output);
        }
        return 0;
    }

    /** Returns the last name of a folder, or the path where another run has that name too. */
    private String name(Path folder) {
        long same = folders.stream().filter(other -> last(other).equals(last(folder))).count();
        return same > 1 ? folder.toString() : last(folder);
    }

    private static String last(Path folder) {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    private static String table(List<String> header, List<List<String>> rows) {
        TextTable table = new TextTable(header.toArray(String[]::new));
        rows.forEach(row -> table.add(row.toArray(String[]::new)));
        return table.toString();
    }
}
