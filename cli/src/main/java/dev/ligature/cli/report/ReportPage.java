package dev.ligature.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The frame of a report: its head, with a policy that lets nothing in but its own style sheet. */
final class ReportPage {
    private ReportPage() {}

    /**
     * Returns a page.
     *
     * @param title its title
     * @param content writes what is on it, below the title
     */
    static String of(String title, Consumer<Markup> content) throws IOException {
        String style = style();
        Markup page = new Markup();
        page.trusted("<!DOCTYPE html>\n").open("html", "lang", "en").line().open("head");
        page.empty("meta", "charset", "utf-8").line();
        page.empty(
                "meta",
                "http-equiv",
                "Content-Security-Policy",
                "content",
                "default-src 'none'; style-src 'sha256-"
                        + hash(style)
                        + "'; img-src data:; base-uri 'none'; form-action 'none'");
        page.line();
        page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        page.empty("meta", "name", "color-scheme", "content", "light dark").line();
        page.empty("link", "rel", "icon", "href", "data:,").line();
        page.element("title", title).line();
        page.open("style").trusted(style).close().line();
        page.close().line().open("body").open("main").line();
        page.element("h1", title).line();
        content.accept(page);
        page.close().close().close().line();
        return page.toString();
    }

    /** Writes a section. */
    static void section(Markup page, String title, Runnable content) {
        page.open("section").element("h2", title).line();
        content.run();
        page.close().line();
    }

    /** Writes a number that stands for itself, and what it is. */
    static void tile(Markup page, String what, String value, String more) {
        page.open("div").element("dt", what).open("dd").text(value);
        page.element("small", more).close().close().line();
    }

    /**
     * Writes a table, which scrolls by itself where the screen is narrow, without columns that are
     * empty.
     *
     * @param caption what it is
     * @param header the names of the columns
     * @param rows the cells
     * @param words how many of the first columns are words; the others are numbers, at the right
     */
    static void table(
            Markup page, String caption, List<String> header, List<List<String>> rows, int words) {
        int[] columns =
                IntStream.range(0, header.size())
                        .filter(i -> rows.stream().anyMatch(row -> !row.get(i).isEmpty()))
                        .toArray();
        page.open("div", "class", "wide", "role", "region", "aria-label", caption, "tabindex", 0);
        page.open("table").element("caption", caption).open("thead").open("tr");
        for (int column : columns) {
            page.element(
                    "th",
                    header.get(column),
                    "scope",
                    "col",
                    "class",
                    column < words ? "word" : "number");
        }
        page.close().close().open("tbody").line();
        for (List<String> row : rows) {
            page.open("tr");
            for (int column : columns) {
                String side = column < words ? "word" : "number";
                page.element("td", row.get(column), "class", side);
            }
            page.close().line();
        }
        page.close().close().close().line();
    }

    /** Writes the rows of a table of numbers, at most so many, folded away. */
    static void folded(Markup page, String caption, NumberTable table, int most) {
        NumberTable shown = table.thinned(most);
        page.open("details").element("summary", caption);
        page.line();
        String part =
                shown.rows().size() < table.rows().size()
                        ? caption + ": " + shown.rows().size() + " of " + table.rows().size()
                        : caption;
        table(
                page,
                part,
                table.names().stream().map(name -> name.replace('_', ' ')).toList(),
                shown.rows().stream()
                        .map(row -> Arrays.stream(row).mapToObj(Numbers::shown).toList())
                        .toList(),
                0);
        page.close().line();
    }

    private static String style() throws IOException {
        try (InputStream in = ReportPage.class.getResourceAsStream("report.css")) {
            return new String(
                    Objects.requireNonNull(in, "report.css").readAllBytes(),
                    StandardCharsets.UTF_8);
        }
    }

    private static String hash(String style) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] bytes = digest.digest(style.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
