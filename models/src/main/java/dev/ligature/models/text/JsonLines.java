package dev.ligature.models.text;

import dev.ligature.checkpoint.CheckpointException;
import java.util.ArrayList;
import java.util.List;

/** Texts of a JSONL file: an object with the field {@code text} in each line. */
final class JsonLines {
    private static final String FORM = "{\"text\": \"…\"}";

    private JsonLines() {}

    /**
     * Returns the text of each line that is not blank, named by the file and the line's number.
     *
     * @param name what the file is called in the names of the documents
     * @param origin what it is called in errors
     * @param content what the file holds
     * @throws CheckpointException if a line has no text; the message names file, line and remedy
     */
    static List<Document> read(String name, String origin, String content)
            throws CheckpointException {
        List<Document> documents = new ArrayList<>();
        int number = 0;
        for (String line : (Iterable<String>) content.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                String text = DataLine.parse(origin, number, line, FORM).text("text");
                documents.add(new Document(name + ":" + number, text));
            }
        }
        return documents;
    }
}
