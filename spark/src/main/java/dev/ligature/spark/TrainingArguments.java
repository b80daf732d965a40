package dev.ligature.spark;

import dev.ligature.cli.Training;
import dev.ligature.models.training.TrainingReplica;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The options of a training as values that Spark can send. The folders of the model and of an
 * adapter to begin with are written as {@link Location} knows them.
 *
 * @param options the options, with paths that do not depend on where a process runs
 * @param hadoop the driver's settings of Hadoop's file systems
 */
record TrainingArguments(List<String> options, Map<String, String> hadoop) implements ReplicaMaker {
    private static final Set<String> FOLDERS = Set.of("--model", "--init-adapter");
    private static final Set<String> FILES = Set.of("--adapter-config");
    private static final String TASK = "--task";
    private static final String TRAIN = "train";

    /** Copies both. */
    TrainingArguments {
        options = List.copyOf(options);
        hadoop = Map.copyOf(hadoop);
    }

    /** Returns whether a job's first {@code --task} is to train. */
    static boolean isTraining(String... args) {
        return place(args) >= 0;
    }

    /** Returns the options of the training: all but the first {@code --task}. */
    static String[] ofJob(String... args) {
        List<String> options = new ArrayList<>(Arrays.asList(args));
        int place = place(args);
        if (!options.remove(place).contains("=")) {
            options.remove(place);
        }
        return options.toArray(String[]::new);
    }

    /** Returns where the first {@code --task} is, if it says train; else −1. */
    private static int place(String... args) {
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals(TASK)) {
                return i + 1 < args.length && args[i + 1].equalsIgnoreCase(TRAIN) ? i : -1;
            }
            if (args[i].startsWith(TASK + "=")) {
                return args[i].substring(TASK.length() + 1).equalsIgnoreCase(TRAIN) ? i : -1;
            }
        }
        return -1;
    }

    /** Returns what is sent to executors. */
    static TrainingArguments of(String[] options, Map<String, String> hadoop) throws IOException {
        List<String> absolute = new ArrayList<>(Arrays.asList(options));
        replace(absolute, FOLDERS, Location::absolute);
        replace(absolute, FILES, Location::absolute);
        return new TrainingArguments(absolute, hadoop);
    }

    /** Returns where the files of a path are on this machine. */
    @FunctionalInterface
    private interface Resolving {
        String of(String path) throws IOException;
    }

    /** Returns the options for the driver: paths of its own machine stay as they are. */
    static String[] ofDriver(String[] options, Map<String, String> hadoop) throws IOException {
        RemoteFiles remote = new RemoteFiles(null, hadoop);
        List<String> local = new ArrayList<>(Arrays.asList(options));
        replace(
                local,
                FOLDERS,
                path -> Location.isPlain(path) ? path : Location.local(path, remote).toString());
        return local.toArray(String[]::new);
    }

    private static void replace(List<String> options, Set<String> names, Resolving value)
            throws IOException {
        for (int i = 0; i < options.size(); i++) {
            String option = options.get(i);
            int equals = option.indexOf('=');
            if (names.contains(option) && i + 1 < options.size()) {
                options.set(i + 1, value.of(options.get(i + 1)));
            } else if (equals > 0 && names.contains(option.substring(0, equals))) {
                String replaced = value.of(option.substring(equals + 1));
                options.set(i, option.substring(0, equals + 1) + replaced);
            }
        }
    }

    @Override
    public TrainingReplica make() throws IOException {
        RemoteFiles remote = new RemoteFiles(null, hadoop);
        List<String> local = new ArrayList<>(options);
        replace(local, FOLDERS, path -> Location.local(path, remote).toString());
        return Training.replica(local.toArray(String[]::new));
    }
}
