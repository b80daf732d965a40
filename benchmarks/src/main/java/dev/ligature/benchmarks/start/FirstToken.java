package dev.ligature.benchmarks.start;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures the time from the start of a process to the first token, and that of reading the model's
 * files. Each round starts a process for each way and reads the files; the first round is not
 * counted. Prints tables of medians.
 */
public final class FirstToken {
    private static final int DEFAULT_ROUNDS = 7;
    private static final String READ = "reading the files";
    private static final String COMMAND = "./ligature generate";

    private final Path directory;
    private final List<String> rest;
    private final Map<String, List<Double>> times = new LinkedHashMap<>();

    private FirstToken(Path directory, List<String> rest) {
        this.directory = directory;
        this.rest = rest;
    }

    /**
     * Runs.
     *
     * @param arguments the directory of a model, and that of an adapter if there is one
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("Give the directory of a model, and that of an adapter or none.");
            System.exit(2);
        }
        List<String> all = List.of(arguments);
        new FirstToken(Path.of(arguments[0]), all.subList(1, all.size())).measure();
    }

    private void measure() throws IOException, InterruptedException {
        int rounds = Integer.getInteger("benchmark.rounds", DEFAULT_ROUNDS);
        List<Path> files = WeightFiles.of(directory);
        for (int round = 0; round <= rounds; round++) {
            WeightFiles.read(files);
            add("warm", READ, WeightFiles.read(files));
            child("warm", StartedProcess.WHOLE);
            command("warm");
            child("apart", StartedProcess.PARTS);
            child("arrays", StartedProcess.ARRAYS);
            WeightFiles.forget(files);
            add("cold", READ, WeightFiles.read(files));
            WeightFiles.forget(files);
            child("cold", StartedProcess.WHOLE);
            WeightFiles.forget(files);
            command("cold");
            if (round == 0) {
                times.clear();
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%,d bytes, %d rounds%n%n| | median | least | most | over reading |%n"
                        + "|---|---:|---:|---:|---:|%n",
                WeightFiles.bytes(files),
                rounds);
        for (Map.Entry<String, List<Double>> entry : times.entrySet()) {
            List<Double> sorted = entry.getValue().stream().sorted().toList();
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f ms | %.0f | %.0f | %.2f |%n",
                    entry.getKey(),
                    median(sorted),
                    sorted.get(0),
                    sorted.get(sorted.size() - 1),
                    ratio(entry.getKey(), entry.getValue()));
        }
    }

    /** Returns the median of the rounds' ratios to reading the files, from the same cache. */
    private double ratio(String key, List<Double> found) {
        String cache = key.startsWith("cold") ? "cold" : "warm";
        List<Double> read = times.getOrDefault(cache + ": " + READ, List.of());
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            ratios.add(found.get(i) / read.get(i));
        }
        return median(ratios.stream().sorted().toList());
    }

    private static double median(List<Double> sorted) {
        int size = sorted.size();
        return (sorted.get((size - 1) / 2) + sorted.get(size / 2)) / 2;
    }

    private void add(String group, String name, long nanos) {
        times.computeIfAbsent(group + ": " + name, ignored -> new ArrayList<>()).add(nanos / 1e6);
    }

    private void child(String group, String what) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dai.djl.offline=true",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
        String operators = System.getProperty("ligature.operators");
        if (operators != null) {
            command.add("-Dligature.operators=" + operators);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(StartedProcess.class.getName());
        command.add(what);
        long begin = System.nanoTime();
        command.addAll(List.of(Long.toString(begin), directory.toString()));
        command.addAll(rest);
        Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        long sum = 0;
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(Phases.MARK)) {
                    String[] words = line.split(" ", 3);
                    long nanos = Long.parseLong(words[1]);
                    sum += nanos;
                    if (!group.equals("cold")) {
                        add(group, words[2], nanos);
                    }
                }
            }
        }
        if (process.waitFor() != 0) {
            throw new IOException("The process of " + what + " failed");
        }
        if (!what.equals(StartedProcess.ARRAYS)) {
            add(group, "process start to first token", sum);
        }
    }

    /** Runs the command line, and takes the time to the first text after the prompt's. */
    private void command(String group) throws IOException, InterruptedException {
        String home = System.getProperty("ligature.home");
        if (home == null) {
            return;
        }
        List<String> command = new ArrayList<>(List.of(home + "/ligature", "generate"));
        command.addAll(List.of("--model", directory.toString(), "--max-new-tokens", "1"));
        command.addAll(List.of("--prompt", StartedProcess.PROMPT));
        if (!rest.isEmpty()) {
            command.addAll(List.of("--adapter", rest.get(0)));
        }
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        int first = process.getInputStream().read();
        long end = System.nanoTime();
        process.getInputStream().readAllBytes();
        if (process.waitFor() != 0 || first < 0) {
            throw new IOException(COMMAND + " failed");
        }
        add(group, COMMAND, end - begin);
    }
}
