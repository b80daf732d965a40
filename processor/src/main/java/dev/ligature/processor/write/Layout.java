package dev.ligature.processor.write;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lays generated code out as a person does: what fits on one line stands on one line. */
final class Layout {
    private static final int COLUMNS = 100;

    private static final Pattern JAVADOC =
            Pattern.compile("(?m)^( *)/\\*\\*\\n *\\* ([^\\n]*)\\n *\\*/$");
    private static final Pattern ANNOTATION =
            Pattern.compile("(?m)^( *@\\w+)\\(\\n *(\\w+ = \\w+)\\n *\\)$");
    private static final Pattern EMPTY_BODY = Pattern.compile("(?m)\\{\\n *\\}$");

    private Layout() {}

    static String of(String source) {
        Matcher javadoc = JAVADOC.matcher(source);
        String compact =
                javadoc.replaceAll(
                        found -> {
                            String line = found.group(1) + "/** " + found.group(2) + " */";
                            String kept = line.length() > COLUMNS ? found.group() : line;
                            return Matcher.quoteReplacement(kept);
                        });
        compact = ANNOTATION.matcher(compact).replaceAll("$1($2)");
        return EMPTY_BODY.matcher(compact).replaceAll("{}");
    }
}
