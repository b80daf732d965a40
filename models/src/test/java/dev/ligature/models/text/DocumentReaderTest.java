package dev.ligature.models.text;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DocumentReaderTest {
    @TempDir Path folder;

    @Test
    void entriesOfAnArchive_comeByNameWhateverTheirOrderInTheFile() throws IOException {
        Path jar =
                zip("b/Z.java", "z", "a/B.kt", "b", "META-INF/MANIFEST.MF", "no text", "A.md", "a");

        assertEquals(
                List.of(
                        new Document("A.md", "a\n"),
                        new Document("a/B.kt", "b\n"),
                        new Document("b/Z.java", "z\n")),
                read(jar.toString()));
    }

    @Test
    void aLinkToAFolder_isFollowed() throws IOException {
        Path texts = Files.createDirectory(folder.resolve("texts"));
        Files.writeString(texts.resolve("a.txt"), "a");
        Path link = Files.createSymbolicLink(folder.resolve("link"), texts);
        assertEquals(List.of(new Document("a.txt", "a\n")), read(link.toString()));
    }

    @Test
    void aPatternAfterTheArchive_choosesEntries() throws IOException {
        Path jar = zip("common/A.kt", "a", "jvm/A.kt", "b", "jvm/B.md", "c");
        Document a = new Document("jvm/A.kt", "b\n");
        Document b = new Document("jvm/B.md", "c\n");

        assertEquals(List.of(a, b), read(jar + "!/jvm/"));
        assertEquals(List.of(a), read(jar + "!/jvm/*.kt"));
        assertEquals(List.of(b), read(jar + "!/*.md"));
    }

    @Test
    void aFolder_givesItsTextFilesByPathAndAFileThatIsNamedAnyEnding() throws IOException {
        Path src = Files.createDirectories(folder.resolve("src/x"));
        Files.writeString(src.resolve("B.java"), "b");
        Files.writeString(src.resolve("picture.png"), "no text");
        Files.writeString(folder.resolve("src/a.txt"), "a");
        Path note = Files.writeString(folder.resolve("note.log"), "n");

        assertEquals(
                List.of(
                        new Document("note.log", "n\n"),
                        new Document("a.txt", "a\n"),
                        new Document("x/B.java", "b\n")),
                read(note.toString(), folder.resolve("src").toString()));
    }

    @Test
    void lineEndsAndBlankEdges_areMadeTheSame() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "\n  one\r\ntwo\rthree \t\r\n\r\n");
        Path blank = Files.writeString(folder.resolve("b.txt"), " \r\n");

        assertEquals(List.of(new Document("a.txt", "one\ntwo\nthree\n")), read(file.toString()));
        assertTrue(message(blank.toString()).contains("holds no text"));
    }

    @Test
    void theLeadingComment_goesOnlyIfAskedFor() throws IOException {
        Path file =
                Files.writeString(folder.resolve("A.java"), "/* licence */\n\n/* x */ class A {}");

        assertEquals("/* licence */\n\n/* x */ class A {}\n", read(file.toString()).get(0).text());
        assertEquals(
                "/* x */ class A {}\n",
                new DocumentReader(true).read(List.of(file.toString())).get(0).text());
    }

    @Test
    void whatCannotBeRead_isNamed() throws IOException {
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9});
        Path noZip = Files.writeString(folder.resolve("no.jar"), "no archive");
        Path empty = Files.createDirectory(folder.resolve("empty"));

        String converted = latin + " is not text in UTF-8. Convert it, by iconv";
        assertTrue(message(latin.toString()).startsWith(converted));
        assertTrue(message(noZip.toString()).startsWith(noZip + " is not a readable archive"));
        assertTrue(message(empty.toString()).startsWith(empty + " holds no text"));
        assertThrows(NoSuchFileException.class, () -> read(folder + "/none.jar"));
        assertThrows(NoSuchFileException.class, () -> read(folder + "/none.txt"));
    }

    @Test
    void aByteOrderMark_isNotText() throws IOException {
        Path marked = Files.writeString(folder.resolve("bom.txt"), "\uFEFFa\uFEFFb");
        assertEquals(List.of(new Document("bom.txt", "a\uFEFFb\n")), read(marked.toString()));
    }

    @Test
    void aJsonlFile_hasADocumentInEachLine() throws IOException {
        Files.writeString(
                folder.resolve("d.jsonl"),
                "{\"text\": \"a\\nb \\u00e9\", \"id\": 1}\r\n\n{\"text\":\"c\"}");
        List<Document> expected =
                List.of(new Document("d.jsonl:1", "a\nb é\n"), new Document("d.jsonl:3", "c\n"));

        assertEquals(expected, read(folder.resolve("d.jsonl").toString()));
        assertEquals(expected, read(folder.toString()));
    }

    @Test
    void aJsonlFile_mayHaveTheOtherEndingsOfItsKind() throws IOException {
        for (String name : List.of("d.ndjson", "d.jsonlines", "D.JSONL")) {
            Path file = Files.writeString(folder.resolve(name), "\uFEFF{\"text\": \"a\"}\n");
            assertEquals(List.of(new Document(name + ":1", "a\n")), read(file.toString()));
            Files.delete(file);
        }
        Files.writeString(folder.resolve("two.ndjson"), "{\"text\": \"a\"}\n");
        assertEquals(List.of(new Document("two.ndjson:1", "a\n")), read(folder.toString()));
    }

    @Test
    void textOfTwoBytesACharacter_isRefused_withItsRemedy() throws IOException {
        for (Charset charset : List.of(UTF_16LE, UTF_16BE)) { // without a mark
            Path file = Files.write(folder.resolve("wide.txt"), "some words".getBytes(charset));
            String message = message(file.toString());
            assertTrue(message.startsWith(file + " has NUL characters: it is in UTF-16"), message);
        }
        Path marked = Files.write(folder.resolve("m.txt"), "some words".getBytes(UTF_16));
        assertTrue(message(marked.toString()).startsWith(marked + " is not text in UTF-8"));
    }

    @Test
    void aLineThatHasNoText_isNamedWithItsFileAndNumber() throws IOException {
        for (String[] each :
                new String[][] {
                    {"{\"text\": 1}", "text is 1; it must be a text."},
                    {"{\"prompt\": \"a\"}", "the field text is missing. Write"},
                    {"[\"a\"]", "not a JSON object"},
                    {"{\"text\": \"a\"} {\"text\": \"b\"}", "not a JSON object"},
                    {"plain words", "not a JSON object"},
                    {"{\"text\": \"a\", \"text\": \"b\"}", "the field text is there twice"},
                    {"{\"text\": \"a\"", "it ends too early"}
                }) {
            Path file =
                    Files.writeString(folder.resolve("d.jsonl"), "{\"text\": \"a\"}\n" + each[0]);
            String message =
                    assertThrows(IOException.class, () -> read(file.toString())).getMessage();
            assertTrue(message.contains("] " + file + ", line 2: "), message);
            assertTrue(message.contains(each[1]), message);
        }
    }

    @Test
    void filesOfRecords_areRefusedWithTheRemedy() throws IOException {
        for (String ending : List.of("csv", "json", "parquet", "TSV", "feather", "xls")) {
            Path file = Files.writeString(folder.resolve("data." + ending), "a,b");
            String message =
                    assertThrows(IOException.class, () -> read(file.toString())).getMessage();
            assertTrue(message.startsWith(file + " holds records"), message);
            assertTrue(message.contains("JSONL"), message);
        }
    }

    private static List<Document> read(String... sources) throws IOException {
        return new DocumentReader(false).read(List.of(sources));
    }

    private static String message(String source) {
        return String.valueOf(assertThrows(IOException.class, () -> read(source)).getMessage());
    }

    private Path zip(String... namesAndTexts) throws IOException {
        Path file = folder.resolve("a.jar");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                zip.putNextEntry(new ZipEntry(namesAndTexts[i]));
                zip.write(namesAndTexts[i + 1].getBytes(UTF_8));
            }
        }
        return file;
    }
}
