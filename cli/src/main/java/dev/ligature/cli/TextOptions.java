package dev.ligature.cli;

import dev.ligature.models.text.Document;
import dev.ligature.models.text.DocumentReader;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say which text is read. */
final class TextOptions {
    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description =
                    "Text: files in UTF-8, JSONL (the field text of each line), folders, jar"
                            + " or zip archives; 'a.jar!/x/*.kt' is the entries of an archive that"
                            + " start with x/ and end in .kt.")
    List<String> sources = List.of();

    @Option(
            names = "--strip-headers",
            description = "Leave out a block comment that a document begins with: the licence.")
    boolean stripHeaders;

    List<Document> read() throws IOException {
        return new DocumentReader(stripHeaders).read(sources);
    }
}
