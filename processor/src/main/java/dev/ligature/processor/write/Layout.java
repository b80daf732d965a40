package dev.ligature.processor.write;

import java.util.List;
import java.util.regex.Pattern;

/** Lays generated code out as a person does: what fits on one line stands on one line. */
final class Layout {
    private static final int COLUMNS = 100;

    private static final Pattern MEMBER = Pattern.compile("\\w+ = \\w+");

    private final List<String> lines;
    private final StringBuilder text;

    private Layout(String source) {
        this.lines = source.lines().toList();
        this.text = new StringBuilder(source.length());
    }

    static String of(String source) {
        Layout layout = new Layout(source);
        // Line by line: patterns over the whole of it took longer than to check the model.
        for (int at = 0; at < layout.lines.size(); ) {
            at = layout.add(at);
        }
        return layout.text.toString();
    }

    /** Adds what begins in a line, and returns the first line after it. */
    private int add(int at) {
        String line = lines.get(at);
        String next = stripped(at + 1);
        String joined = line;
        int taken = 1;
        if (line.endsWith("/**") && next.startsWith("* ") && stripped(at + 2).equals("*/")) {
            String comment = line + " " + next.substring(2) + " */";
            boolean fits = comment.length() <= COLUMNS;
            joined = fits ? comment : line;
            taken = fits ? 3 : 1;
        } else if (line.endsWith("(")
                && line.stripLeading().startsWith("@")
                && stripped(at + 2).equals(")")
                && MEMBER.matcher(next).matches()) {
            joined = line + next + ")";
            taken = 3;
        } else if (line.endsWith("{") && next.equals("}")) {
            joined = line + "}";
            taken = 2;
        }
        text.append(joined).append('\n');
        return at + taken;
    }

    private String stripped(int at) {
        return at < lines.size() ? lines.get(at).stripLeading() : "";
    }
}
