package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** The demo base's tokenizer, read by DJL: the ids that Python's tokenizers gives, and lossless. */
class DemoTokenizerTest {
    private static final Path FILE = Path.of("..", "examples", "demo", "base", "tokenizer.json");

    /** DJL cuts a text off at 512 tokens unless told not to. */
    private static final Map<String, String> NO_LIMITS =
            Map.of("truncation", "false", "padding", "false");

    private static final Path CORPUS = Path.of("target", "corpus");

    @Test
    void ids_arePythons() throws IOException {
        Map<String, long[]> expected =
                Map.of(
                        "public static void main(String[] args) {\n        return;\n",
                        new long[] {
                            1171, 448, 653, 3378, 15, 564, 548, 3847, 16, 279, 296, 337, 34, 206
                        },
                        "fun <T> List<T>.second(): T = this[1]\n",
                        new long[] {
                            77, 350, 325, 59, 37, 943, 35, 59, 2060, 1923, 1148, 341, 33, 372, 319,
                            408, 66, 24, 68, 206
                        },
                        "\r\n\t na\u00efve \ud83d\ude00  <|endoftext|>x",
                        new long[] {
                            209, 206, 205, 293, 72, 135, 115, 426, 228, 180, 261, 254, 230, 264, 0,
                            95
                        });
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(FILE, NO_LIMITS)) {
            expected.forEach(
                    (text, ids) ->
                            assertArrayEquals(
                                    ids, tokenizer.encode(text, false, false).getIds(), text));
        }
    }

    @Test
    void decodingWhatWasEncoded_givesJavaAndKotlinTextBack() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(FILE, NO_LIMITS)) {
            for (String entry :
                    new String[] {
                        "guava-sources.jar!com/google/common/base/Utf8.java",
                        "commons-lang3-sources.jar!org/apache/commons/lang3/StringUtils.java",
                        "kotlin-stdlib-sources.jar!commonMain/kotlin/text/Typography.kt",
                        "kotlin-stdlib-sources.jar!commonMain/kotlin/text/Strings.kt"
                    }) {
                String text = read(entry);
                long[] ids = tokenizer.encode(text, false, false).getIds();
                assertEquals(text, tokenizer.decode(ids, false));
                assertTrue(ids.length < text.length() / 2, entry);
            }
        }
    }

    private static String read(String entry) throws IOException {
        String[] parts = entry.split("!", 2);
        try (ZipFile jar = new ZipFile(CORPUS.resolve(parts[0]).toFile())) {
            ZipEntry found = jar.getEntry(parts[1]);
            return new String(jar.getInputStream(found).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
