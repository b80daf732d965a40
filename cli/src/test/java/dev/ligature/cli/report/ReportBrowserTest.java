package dev.ligature.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.cli.browser.Chromium;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pages in Chromium, as wide as a phone and as a screen, light and dark: nothing sticks out, all
 * text can be read, and the policy of the page lets its own style sheet in.
 */
final class ReportBrowserTest {
    private static final Pattern RESULT = Pattern.compile("(?s)<pre id=\"result\">(.*?)</pre>");

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({"light, 1", "dark, 0"})
    void pages_fitAndCanBeRead(String scheme, int setting) throws Exception {
        List<String> result = check(setting, writePages());
        assertTrue(result.get(0).startsWith(scheme + ", "), result.toString());
        assertEquals(List.of(), result.subList(1, result.size()));
    }

    @Test
    void whatSticksOut_andWhatCannotBeRead_isFound() throws Exception {
        String bad =
                "<!DOCTYPE html><body style=\"margin: 0; background: #fff\"><p style=\"width: 2000px;"
                        + " color: #ccc; font-size: 9px\">pale</p>";
        Files.writeString(folder.resolve("bad.html"), bad);
        String result = check(1, "bad.html").toString();
        for (String part :
                List.of(
                        "is 2000 wide",
                        "a contrast of 1.61",
                        "a size of 9px",
                        "has not the plots")) {
            assertTrue(result.contains(part), result);
        }
    }

    private List<String> check(int scheme, String... pages) throws Exception {
        try (InputStream page = ReportBrowserTest.class.getResourceAsStream("check.html")) {
            Files.copy(Objects.requireNonNull(page), folder.resolve("check.html"));
        }
        Files.writeString(folder.resolve("checks.js"), Chromium.checks());
        String shown =
                Chromium.dump(
                        folder,
                        folder.resolve("check.html").toUri()
                                + "#390,1280;"
                                + String.join(";", pages),
                        "--allow-file-access-from-files",
                        "--blink-settings=preferredColorScheme=" + scheme,
                        "--window-size=1400,900");
        Matcher result = RESULT.matcher(shown);
        assertTrue(result.find(), shown);
        return result.group(1).lines().toList();
    }

    private String[] writePages() throws IOException {
        Path one = run("a-run-with-quite-a-long-name-" + "x".repeat(60), 300);
        Path two = run("two", 12);
        Files.writeString(
                folder.resolve("report.html"),
                Pages.of(one.getFileName() + " words and words").html(one));
        List<ComparedRun> runs =
                List.of(
                        ComparedRun.read(one, one.getFileName().toString()),
                        ComparedRun.read(two, "two"));
        Files.writeString(folder.resolve("comparison.html"), new Comparison(runs).html());
        return new String[] {"report.html", "comparison.html"};
    }

    private Path run(String name, int steps) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        StringBuilder metrics =
                new StringBuilder(
                        "step,loss,grad_norm,learning_rate,tokens_per_second,resident_bytes\n");
        for (int step = 1; step <= steps; step++) {
            metrics.append(
                    String.format(
                            Locale.ROOT,
                            "%d,%.4f,%.4f,%.3g,%.1f,%d%n",
                            step,
                            3.0 / step + 0.1 * Math.sin(step * 7.0),
                            1 + Math.cos(step * 3.0),
                            2e-5 * (steps - step) / steps,
                            23_456.7 + step,
                            3_000_000_000L + step));
        }
        Files.writeString(run.resolve(RunFiles.METRICS), metrics);
        Files.writeString(
                run.resolve(RunFiles.EVALUATIONS), "step,loss,perplexity\n5,1.5,4.5\n10,1.2,3.3\n");
        Files.writeString(
                run.resolve(RunFiles.TRAINING),
                "{\"options\": {\"--data\": \"" + name + "d".repeat(200) + "\"}}");
        return run;
    }
}
