package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A short run of the demo, on the base model and the text that it really uses. */
final class DemoCommandTest {
    private static final String HOME = "ligature.home";

    @BeforeAll
    static void pointAtTheProject() {
        System.setProperty(HOME, "..");
    }

    @AfterAll
    static void forget() {
        System.clearProperty(HOME);
    }

    @Test
    void aShortDemo_lowersThePerplexity_andEveryCheckHolds() {
        CliRun run = CliRun.of("demo", "--steps", "6", "--held-out-batches", "1");

        assertEquals(0, run.exitCode(), run.out() + run.err());
        double base = perplexity(run.out(), "base");
        assertTrue(perplexity(run.out(), "LoRA on attention") < base, run.out());
        assertTrue(
                perplexity(run.out(), "LoRA on attention and the tied embeddings") < base,
                run.out());
        assertTrue(run.out().contains("saved and loaded  yes: "), run.out());
        assertTrue(run.out().contains("merged            yes: "), run.out());
        assertTrue(run.out().contains("untied, merged    yes: is refused"), run.out());
        // r 8: attention is 4 layers of q, k, v and o; the tied pair is one more of (V, d).
        int attention = 4 * 8 * ((256 + 256) + 2 * (256 + 64) + (256 + 256));
        int tied = 8 * (4096 + 256);
        assertTrue(run.out().contains(String.format("%,d", attention)), run.out());
        assertTrue(run.out().contains(String.format("%,d", attention + tied)), run.out());
        assertTrue(run.out().contains(String.format("%,d", attention + 2 * tied)), run.out());
    }

    private static double perplexity(String report, String label) {
        Matcher row = Pattern.compile("(?m)^" + label + " {2,}([0-9.]+) ").matcher(report);
        assertTrue(row.find(), report);
        return Double.parseDouble(row.group(1));
    }
}
