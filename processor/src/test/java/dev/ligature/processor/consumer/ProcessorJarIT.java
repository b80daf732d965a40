package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Enumeration;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** What is in the processor's jar, and what its POM asks for. */
@Packaged
class ProcessorJarIT {
    private static final String SHADED = "dev/ligature/processor/shaded/";

    @Test
    void ourClassesAndRelocatedLibraries_andNothingElse_areInIt() throws IOException {
        Set<String> others = new TreeSet<>();
        boolean hasJavaPoet = false;
        boolean hasHints = false;
        try (JarFile jar = new JarFile(Artifacts.PROCESSOR.toFile())) {
            for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements(); ) {
                String name = all.nextElement().getName();
                hasJavaPoet |= name.equals(SHADED + "javapoet/JavaFile.class");
                hasHints |= name.equals(SHADED + "hint/Nearest.class");
                if (!name.endsWith("/") && !name.startsWith("dev/ligature/processor/")) {
                    others.add(name);
                }
            }
        }
        assertTrue(hasJavaPoet);
        assertTrue(hasHints);
        assertEquals(
                Set.of(
                        "META-INF/MANIFEST.MF",
                        "META-INF/gradle/incremental.annotation.processors",
                        "META-INF/maven/dev.ligature/ligature-processor/pom.properties",
                        "META-INF/maven/dev.ligature/ligature-processor/pom.xml",
                        "META-INF/services/javax.annotation.processing.Processor"),
                others);
    }

    @Test
    void noClassNamesALibraryWhereItWas() throws IOException {
        try (JarFile jar = new JarFile(Artifacts.PROCESSOR.toFile())) {
            for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements(); ) {
                JarEntry entry = all.nextElement();
                String text = text(jar, entry.getName());
                assertFalse(text.contains("com/palantir/javapoet"), entry.getName());
                if (entry.getName().endsWith(".class")) {
                    assertFalse(text.contains("dev/ligature/internal"), entry.getName());
                }
            }
        }
    }

    @Test
    void itDeclaresTheProcessor_isolatingForGradle_withItsVersion() throws IOException {
        String processor = "dev.ligature.processor.LoraProcessor";
        try (JarFile jar = new JarFile(Artifacts.PROCESSOR.toFile())) {
            assertEquals(
                    processor,
                    text(jar, "META-INF/services/javax.annotation.processing.Processor").strip());
            assertEquals(
                    processor + ",isolating",
                    text(jar, "META-INF/gradle/incremental.annotation.processors").strip());
            Attributes manifest = jar.getManifest().getMainAttributes();
            assertEquals("dev.ligature.processor", manifest.getValue("Automatic-Module-Name"));
            assertEquals(Artifacts.VERSION, manifest.getValue("Implementation-Version"));
        }
    }

    @Test
    void itsPom_asksForNothingAtRunTime() throws IOException {
        String pom = Files.readString(Artifacts.PROCESSOR_POM);
        String dependencies = pom.substring(pom.lastIndexOf("<dependencies>"));
        assertFalse(dependencies.contains("javapoet"), dependencies);
        for (String dependency : dependencies.split("<dependency>", -1)) {
            if (dependency.contains("<artifactId>")) {
                assertTrue(
                        dependency.contains("<scope>provided</scope>")
                                || dependency.contains("<scope>test</scope>"),
                        dependency);
            }
        }
    }

    private static String text(JarFile jar, String name) throws IOException {
        try (InputStream in = jar.getInputStream(jar.getEntry(name))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
