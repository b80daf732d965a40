package dev.ligature.cli.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ChartTest {
    @ParameterizedTest
    @CsvSource({
        "0.17, 2.64, 0 1 2 3",
        "0, 0.001, 0 0.0005 0.0010",
        "-0.3, 0.4, -0.4 -0.2 0 0.2 0.4",
        "0, 41000, '0 20,000 40,000 60,000'",
        "2e-6, 9e-6, 2e-6 4e-6 6e-6 8e-6 1e-5"
    })
    void ticks_areRound(double from, double to, String labels) {
        Ticks ticks = Ticks.around(from, to, 4, false);
        assertEquals(
                labels,
                Arrays.stream(ticks.values())
                        .mapToObj(ticks::label)
                        .collect(Collectors.joining(" ")));
    }

    @Test
    void ticksOfSteps_areWhole_andInside() {
        assertArrayEquals(new double[] {1, 2}, Ticks.inside(1, 2, 5, true).values());
        assertArrayEquals(new double[] {50, 100, 150}, Ticks.inside(1, 150, 5, true).values());
    }

    @Test
    void thinning_keepsTheExtremes_andSmoothingTheLevel() {
        double[] values = IntStream.range(0, 10_000).mapToDouble(i -> i % 10).toArray();
        values[7777] = 99;
        values[3] = Double.NaN;
        double[] steps = IntStream.range(0, 10_000).mapToDouble(i -> i).toArray();
        Series series = new Series("x", "a", steps, values, true);
        assertEquals(9999, series.size());
        Series thin = series.thinned(100);
        assertTrue(thin.size() <= 100);
        assertTrue(Arrays.stream(thin.values()).anyMatch(value -> value == 99));
        assertEquals(0, Arrays.stream(thin.values()).min().orElseThrow());
        double[] level = new double[30];
        Arrays.fill(level, 3.5);
        Series flat = new Series("x", "a", Arrays.copyOf(steps, 30), level, true);
        assertArrayEquals(level, flat.smoothed().values(), 1e-12);
    }

    @Test
    void aLevelLine_aSinglePoint_andNumbersThatAreNotFinite_areDrawn() {
        for (double[] values : new double[][] {{2, 2}, {0, 0}, {Double.NaN, 1}, {-3, -3}}) {
            Series series = new Series("x", "a", new double[] {1, 2}, values, false);
            Chart chart = new Chart("c", "title", false, List.of(series));
            Markup page = new Markup();
            chart.write(page);
            assertFalse(page.toString().contains("NaN"), page.toString());
            assertTrue(page.toString().contains("<title id=\"c-title\">title</title>"));
        }
    }
}
