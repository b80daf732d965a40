package dev.ligature.benchmarks.serving;

import ai.djl.pytorch.jni.JniUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one request a line and answers each with one line.
 *
 * <pre>
 * open ID KIND key=value…   sets a case up                     ok
 * run ID                    runs it once                       nanoseconds or bytes
 * numbers ID FILE           writes what it computes, as fp32   ok
 * profile ID FILE           writes a trace of running it once  ok
 * close ID                  frees it                           ok
 * drop                      frees what cases share             ok
 * </pre>
 *
 * <p>An answer that begins with {@code error} says what went wrong.
 */
public final class ServingProgram {
    private final Map<String, Case> cases = new HashMap<>();
    private Bases bases = new Bases();

    private ServingProgram() {}

    /** Answers requests until the input ends. */
    public static void main(String[] arguments) throws IOException {
        ServingProgram program = new ServingProgram();
        BufferedReader requests =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            System.out.println(program.answer(List.of(line.split(" "))));
        }
    }

    private String answer(List<String> request) {
        try {
            return switch (request.get(0)) {
                case "open" -> open(request.get(1), request.subList(2, request.size()));
                case "run" -> Long.toString(opened(request.get(1)).run());
                case "numbers" -> write(opened(request.get(1)), Path.of(request.get(2)));
                case "profile" -> profile(opened(request.get(1)), Path.of(request.get(2)));
                case "close" -> close(request.get(1));
                case "drop" -> drop();
                default -> throw new IllegalArgumentException("No such request: " + request);
            };
        } catch (IOException | RuntimeException failure) {
            failure.printStackTrace();
            return "error " + failure;
        }
    }

    private String open(String id, List<String> words) throws IOException {
        Words settings = Words.parse(words);
        cases.put(
                id,
                switch (settings.kind()) {
                    case "attach" -> AdapterCases.attach(settings, bases);
                    case "contrast" -> TrainingCase.contrast(settings, bases);
                    case "create" -> AdapterCases.create(settings, bases);
                    case "forward" -> ForwardCase.open(settings, bases);
                    case "generate" -> GenerationCase.open(settings, bases);
                    case "load" -> AdapterCases.load(settings, bases);
                    case "memory" -> MemoryCase.open(settings, bases);
                    case "switch" -> SwitchCase.open(settings, bases);
                    case "train" -> TrainingCase.open(settings, bases);
                    case "tune" -> TuningCase.open(settings);
                    default ->
                            throw new IllegalArgumentException("No such case: " + settings.kind());
                });
        return "ok";
    }

    private Case opened(String id) {
        Case found = cases.get(id);
        if (found == null) {
            throw new IllegalArgumentException("Not open: " + id);
        }
        return found;
    }

    private static String write(Case opened, Path file) throws IOException {
        if (!(opened instanceof ComparedCase compared)) {
            throw new IllegalArgumentException("There are no numbers to compare of such a case");
        }
        float[] values = compared.numbers();
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Files.write(file, bytes.array());
        return "ok";
    }

    /** Writes the native operators, in the format of Chrome's traces. */
    private static String profile(Case profiled, Path file) throws IOException {
        JniUtils.startProfile(false, false, false);
        profiled.run();
        JniUtils.stopProfile(file.toString());
        return "ok";
    }

    private String close(String id) {
        opened(id).close();
        cases.remove(id);
        return "ok";
    }

    private String drop() {
        cases.values().forEach(Case::close);
        cases.clear();
        bases.close();
        bases = new Bases();
        return "ok";
    }
}
