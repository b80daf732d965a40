package dev.ligature.models.text;

/**
 * A text with the name it goes by.
 *
 * @param name the name of the archive's entry, the path inside the folder, or the file's name, with
 *     forward slashes; it holds nothing of where on the machine the file is
 * @param text the text
 */
public record Document(String name, String text) {
    /**
     * Returns the document with line ends {@code \n}, no blank edges, and one line end at the end;
     * its text is empty if it is all blank.
     */
    Document normalised() {
        String trimmed = text.replace("\r\n", "\n").replace('\r', '\n').trim();
        return new Document(name, trimmed.isEmpty() ? "" : trimmed + "\n");
    }

    /** Returns the document without a block comment at its very start: a licence, as a rule. */
    Document withoutHeader() {
        if (!text.startsWith("/*")) {
            return this;
        }
        int end = text.indexOf("*/");
        return new Document(name, end < 0 ? "" : text.substring(end + 2));
    }
}
