package dev.ligature.benchmarks.compile;

import java.util.List;
import java.util.stream.Stream;

/**
 * The options of the benchmark.
 *
 * @param classes the counts of classes, each measured on its own
 * @param rounds how often each count is measured
 * @param warmUp how many rounds come before, on the middle count
 * @param clock what is measured
 */
record Settings(List<Integer> classes, int rounds, int warmUp, Clock clock) {
    static final String USAGE =
            """
            Options:
              --classes N,N,…   how many classes to compile, each count on its own (100,1000,5000)
              --rounds N        how often each is measured; medians are printed (9)
              --warm-up N       rounds that come before and do not count (5)
              --clock wall|cpu  the time that passes, or that of the compiler's thread alone, for a
                                machine that is busy otherwise; garbage collection has threads of
                                its own (wall)""";

    /**
     * Reads the options.
     *
     * @throws IllegalArgumentException if one is unknown, or its value is wrong
     */
    static Settings parse(String... arguments) {
        List<Integer> classes = List.of(100, 1000, 5000);
        int rounds = 9;
        int warmUp = 5;
        Clock clock = Clock.WALL;
        for (int i = 0; i < arguments.length; i += 2) {
            String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--classes" -> classes = numbers(arguments[i], value);
                case "--rounds" -> rounds = numbers(arguments[i], value).get(0);
                case "--warm-up" -> warmUp = numbers(arguments[i], value).get(0);
                case "--clock" -> clock = Clock.named(value);
                default ->
                        throw new IllegalArgumentException(
                                "unknown option " + arguments[i] + "\n" + USAGE);
            }
        }
        return new Settings(classes, rounds, warmUp, clock);
    }

    /** Returns the count that the warm-up compiles: the median of those measured. */
    int warmUpClasses() {
        return classes.stream().sorted().toList().get(classes.size() / 2);
    }

    private static List<Integer> numbers(String option, String value) {
        if (!value.matches("[1-9][0-9]{0,6}(,[1-9][0-9]{0,6})*")) {
            throw new IllegalArgumentException(
                    option + " needs numbers from 1, not '" + value + "'\n" + USAGE);
        }
        return Stream.of(value.split(",", -1)).map(Integer::valueOf).toList();
    }
}
