package dev.ligature.internal.diag;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of docs/runtime-errors.md that is about the runtime: an entry for each code.
 *
 * @param text the text of that part
 */
public record ErrorPage(String text) {
    private static final String MODELS = "\n## The models\n";
    private static final Pattern HEADING = Pattern.compile("(?m)^### (\\w+)$");
    private static final Pattern EXAMPLES = Pattern.compile("(?s)```text\\n(.*?)```");

    public static ErrorPage read() throws IOException {
        String page = Files.readString(Path.of("../docs/runtime-errors.md"));
        return new ErrorPage(page.substring(0, page.indexOf(MODELS)));
    }

    /** Returns the codes that have an entry, in the order of the page. */
    List<String> codes() {
        return HEADING.matcher(text).results().map(found -> found.group(1)).toList();
    }

    /** Returns the entry of a code, without its heading. */
    public String entry(String code) {
        Matcher heading = Pattern.compile("(?m)^### " + code + "$").matcher(text);
        assertTrue(heading.find(), code);
        return text.substring(heading.end()).split("(?m)^##", 2)[0];
    }

    /** Returns the examples of a code, each a line. */
    String examples(String code) {
        Matcher block = EXAMPLES.matcher(entry(code));
        assertTrue(block.find(), code);
        return block.group(1);
    }
}
