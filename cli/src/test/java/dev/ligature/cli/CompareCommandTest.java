package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompareCommandTest {
    @TempDir Path folder;

    private Path run(String name, int steps, String rate) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        StringBuilder metrics =
                new StringBuilder(
                        "step,loss,grad_norm,learning_rate,tokens_per_second,resident_bytes\n");
        for (int step = 1; step <= steps; step++) {
            metrics.append(step + "," + (step + 1) / 4.0 + ",1,0.5,200.4,2097152000\n");
        }
        Files.writeString(run.resolve("metrics.csv"), metrics);
        Files.writeString(run.resolve("evaluation.csv"), "step,loss\n2,1.5\n4,1.25\n6,NaN\n");
        Files.writeString(
                run.resolve("training.json"),
                "{\"options\": {\"--learning-rate\": \"" + rate + "\", \"--seed\": \"3\"}}");
        return run;
    }

    @Test
    void theTables_haveTheNumbersOfEachRun_andWhatDiffers() throws IOException {
        Path one = run("one", 12, "0.1");
        Path two = run("two", 5, "0.2");
        Files.writeString(two.resolve("adapter_config.json"), "{\"r\": 4}");
        String out = CliRun.of("compare", one, two).succeeded().out();
        assertEquals(
                List.of(
                        "run  steps  final loss  best eval loss  at step  tokens/s  memory",
                        "one  12     2.1250      1.2500          4        200       2,000 MiB",
                        "two  5      1            1.2500          4        200       2,000 MiB"
                                .replace("1            1", "1           1"),
                        "",
                        "setting          one  two",
                        "--learning-rate  0.1  0.2",
                        "r                –    4"),
                out.lines().toList());
    }

    @Test
    void thePage_hasALineForEachRun() throws IOException {
        Path page = folder.resolve("page.html");
        Object[] args = {"compare", run("a/x", 30, "1"), run("b/x", 30, "1"), "--output", page};
        CliRun.of(args).succeeded();
        String html = Files.readString(page);
        assertTrue(html.contains("Comparison of 2 runs"), html);
        assertTrue(html.contains("class=\"key a\">" + folder.resolve("a/x")), html);
        assertTrue(html.contains("class=\"key b\">" + folder.resolve("b/x")), html);
        assertTrue(html.contains("Nothing: options and configurations are the same."), html);
        assertFalse(html.contains("class=\"dots"), "points of noise would hide the lines");
        CliRun.of(args).refused("page.html exists already");
    }

    @Test
    void aRunThatIsNone_isNamed() throws IOException {
        Path one = run("one", 3, "1");
        CliRun.of("compare", one, folder.resolve("two")).refused("two is not a folder");
        CliRun.of("compare", folder, one).refused(folder + " has no metrics.csv");
        Path two = run("two", 3, "1");
        Files.writeString(two.resolve("metrics.csv"), "step,loss\n1,x\n");
        CliRun.of("compare", one, two).refused("two/metrics.csv, line 2, has no 2 numbers");
        Files.writeString(two.resolve("metrics.csv"), "step,loss\n");
        CliRun.of("compare", one, two).refused("two/metrics.csv has no steps");
        Files.writeString(two.resolve("metrics.csv"), "step,loss\n1,2\n");
        Files.writeString(two.resolve("training.json"), "[]");
        CliRun.of("compare", one, two).refused("two/training.json is not a JSON object");
        CliRun.of("compare", one).refused("RUN");
    }
}
