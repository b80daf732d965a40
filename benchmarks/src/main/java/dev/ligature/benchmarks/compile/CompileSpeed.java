package dev.ligature.benchmarks.compile;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Prints what Ligature's processor and AutoValue's add to a compilation, for each annotated class.
 *
 * <p>All is measured in one JVM that is warm, as a build daemon is, because only then the figures
 * of one processor can be told from the compiler's own warming up. In each round each processor's
 * classes are compiled without it and with it, one after the other; the difference of the two is
 * what it added. The processors take turns to be first.
 */
public final class CompileSpeed {
    private final Settings settings;
    private final Compilation compilation;

    private CompileSpeed(Settings settings, Compilation compilation) {
        this.settings = settings;
        this.compilation = compilation;
    }

    /** Runs the benchmark; {@code --help} tells the options. */
    public static void main(String[] arguments) throws IOException {
        if (Arrays.asList(arguments).contains("--help")) {
            System.out.println(Settings.USAGE);
            return;
        }
        Settings settings;
        try {
            settings = Settings.parse(arguments);
        } catch (IllegalArgumentException mistake) {
            System.err.println(mistake.getMessage());
            System.exit(2);
            return;
        }
        try (Compilation compilation = new Compilation(settings.clock())) {
            new CompileSpeed(settings, compilation).run();
        }
    }

    private void run() {
        for (int i = 0; i < settings.warmUp(); i++) {
            round(settings.warmUpClasses(), i);
        }
        SpeedTable table = new SpeedTable();
        for (int classes : settings.classes()) {
            List<Map<Contender, Timing>> rounds = new ArrayList<>();
            for (int i = 0; i < settings.rounds(); i++) {
                rounds.add(round(classes, i));
            }
            table.add(classes, rounds);
        }
        System.out.print(table);
    }

    private Map<Contender, Timing> round(int classes, int turn) {
        Map<Contender, Timing> timings = new EnumMap<>(Contender.class);
        List<Contender> contenders = List.of(Contender.values());
        int first = turn % contenders.size();
        List<Contender> order =
                Stream.concat(
                                contenders.subList(first, contenders.size()).stream(),
                                contenders.subList(0, first).stream())
                        .toList();
        for (Contender contender : order) {
            long without = compilation.time(contender, classes, false);
            long with = compilation.time(contender, classes, true);
            timings.put(contender, new Timing(without, with));
        }
        return timings;
    }
}
