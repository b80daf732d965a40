package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two executors, in processes of their own. */
class ClusterTest {
    private static final int MINUTES = 10;

    @TempDir Path folder;

    /** Runs a program as the driver of a cluster, and returns what it prints. */
    private List<String> run(Class<?> program) throws Exception {
        Path home = Files.createDirectories(folder.resolve("home/jars")).getParent();
        Path output = folder.resolve("output");
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("-Xmx1g");
        line.add("-Dai.djl.offline=true");
        line.add("-Dspark.testing=true"); // the executors have this process's class path
        line.add("-Dspark.test.home=" + home);
        line.addAll(List.of(JavaModuleOptions.defaultModuleOptions().trim().split(" +")));
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        line.add(folder.toString());
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.redirectOutput(output.toFile());
        builder.environment().put("OMP_NUM_THREADS", "1"); // as in the executors
        builder.environment().put("SPARK_TESTING", "1");
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("SPARK_HOME", home.toString());
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES), "the driver ends");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), Files.readString(output));
        return Files.readAllLines(output);
    }

    @Test
    void executors_giveTheBitsOfOneProcess_alsoWhenOneIsKilled() throws Exception {
        List<String> lines = run(ClusterProgram.class);

        String all = String.join("\n", lines);
        assertTrue(lines.contains("executors 2"), all);
        assertTrue(lines.contains("equal 2000"), all);
        assertTrue(lines.contains("equal after a kill 2000"), all);
        assertTrue(
                lines.stream().anyMatch(line -> line.startsWith("counted 2000 rows, 0 failures")),
                all);
        assertTrue(lines.contains("removed 1"), all);
    }

    @Test
    void fineTuning_givesTheBitsOfOneProcess_alsoWhenAnExecutorIsKilledOrItGoesOnElsewhere()
            throws Exception {
        List<String> lines = run(TrainingProgram.class);

        String all = String.join("\n", lines);
        for (String training :
                List.of("here", "there", "disturbed", "goes on there", "goes on here")) {
            assertTrue(lines.contains(training + " 0"), all);
        }
        assertTrue(lines.contains("executors 2"), all);
        assertTrue(lines.contains("same true"), all);
        assertTrue(lines.contains("removed 1"), all);
        assertTrue(lines.contains("same after a kill true"), all);
        assertTrue(lines.contains("same true there"), all);
        assertTrue(lines.contains("same true here"), all);
    }
}
