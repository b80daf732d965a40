package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.CallArguments.Bound;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** The methods of Python's {@code str}. */
final class StringMethods {
    /** A method. */
    private interface Method {
        Object call(String self, CallArguments arguments, Budget budget);
    }

    private static final Map<String, Method> METHODS =
            Map.ofEntries(
                    Map.entry("strip", (s, a, b) -> strip(s, a, true, true)),
                    Map.entry("lstrip", (s, a, b) -> strip(s, a, true, false)),
                    Map.entry("rstrip", (s, a, b) -> strip(s, a, false, true)),
                    Map.entry("upper", (s, a, b) -> s.toUpperCase(Locale.ROOT)),
                    Map.entry("lower", (s, a, b) -> s.toLowerCase(Locale.ROOT)),
                    Map.entry(
                            "casefold",
                            (s, a, b) -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT)),
                    Map.entry("swapcase", (s, a, b) -> swapCase(s)),
                    Map.entry("title", (s, a, b) -> title(s)),
                    Map.entry("capitalize", (s, a, b) -> capitalize(s)),
                    Map.entry("split", (s, a, b) -> StringSplits.split(s, a, false)),
                    Map.entry("rsplit", (s, a, b) -> StringSplits.split(s, a, true)),
                    Map.entry(
                            "splitlines",
                            (s, a, b) -> new ArrayList<Object>(StringSplits.lines(s))),
                    Map.entry("partition", (s, a, b) -> StringSplits.partition(s, a, true)),
                    Map.entry("rpartition", (s, a, b) -> StringSplits.partition(s, a, false)),
                    Map.entry("startswith", (s, a, b) -> affix(a, "startswith", s::startsWith)),
                    Map.entry("endswith", (s, a, b) -> affix(a, "endswith", s::endsWith)),
                    Map.entry(
                            "removeprefix",
                            (s, a, b) ->
                                    s.startsWith(one(a, "removeprefix"))
                                            ? s.substring(one(a, "removeprefix").length())
                                            : s),
                    Map.entry(
                            "removesuffix",
                            (s, a, b) ->
                                    s.endsWith(one(a, "removesuffix"))
                                            ? s.substring(
                                                    0, s.length() - one(a, "removesuffix").length())
                                            : s),
                    Map.entry(
                            "replace",
                            (s, a, b) -> replace(s, a.bind("replace", "old", "new", "count"), b)),
                    Map.entry("join", (s, a, b) -> join(s, a)),
                    Map.entry("format", (s, a, b) -> StringFormat.braces(s, a)),
                    Map.entry("find", (s, a, b) -> position(s, s.indexOf(one(a, "find")))),
                    Map.entry("rfind", (s, a, b) -> position(s, s.lastIndexOf(one(a, "rfind")))),
                    Map.entry("index", (s, a, b) -> index(s, one(a, "index"))),
                    Map.entry("count", (s, a, b) -> count(s, one(a, "count"))),
                    Map.entry("isdigit", (s, a, b) -> all(s, Character::isDigit)),
                    Map.entry("isdecimal", (s, a, b) -> all(s, Character::isDigit)),
                    Map.entry("isnumeric", (s, a, b) -> all(s, Character::isDigit)),
                    Map.entry("isalpha", (s, a, b) -> all(s, Character::isLetter)),
                    Map.entry("isalnum", (s, a, b) -> all(s, Character::isLetterOrDigit)),
                    Map.entry("isspace", (s, a, b) -> all(s, StringMethods::isSpace)),
                    Map.entry("isupper", (s, a, b) -> isCase(s, true)),
                    Map.entry("islower", (s, a, b) -> isCase(s, false)),
                    Map.entry("zfill", (s, a, b) -> zeroFilled(s, width(a, "zfill", b))),
                    Map.entry("ljust", (s, a, b) -> s + blanks(s, width(a, "ljust", b))),
                    Map.entry("rjust", (s, a, b) -> blanks(s, width(a, "rjust", b)) + s),
                    Map.entry("center", (s, a, b) -> centered(s, width(a, "center", b))));

    private StringMethods() {}

    /** Returns a method of a text, bound to it. */
    static Optional<Callable> of(String self, String name, Budget budget) {
        return Optional.ofNullable(METHODS.get(name))
                .map(
                        method ->
                                arguments -> {
                                    Object result = method.call(self, arguments, budget);
                                    budget.make(
                                            result instanceof String text
                                                    ? text.length()
                                                    : self.length());
                                    return result;
                                });
    }

    static String one(CallArguments arguments, String method) {
        return Values.text(arguments.bind(method, "text").get("text"), method);
    }

    private static int width(CallArguments arguments, String method, Budget budget) {
        int width = Numbers.integer(arguments.bind(method, "width").get("width"), method);
        budget.make(Math.max(0, width));
        return width;
    }

    static boolean isSpace(int c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || c == 0x85
                || (c >= 0x1c && c <= 0x1f);
    }

    private static String strip(String self, CallArguments arguments, boolean left, boolean right) {
        Object characters = arguments.bind("strip", "chars").get("chars", None.NONE);
        return characters instanceof None
                ? strip(self, StringMethods::isSpace, left, right)
                : strip(self, c -> Values.text(characters, "strip").indexOf(c) >= 0, left, right);
    }

    static String strip(String self, IntPredicate gone, boolean left, boolean right) {
        int begin = 0;
        int end = self.length();
        while (left && begin < end && gone.test(self.codePointAt(begin))) {
            begin += Character.charCount(self.codePointAt(begin));
        }
        while (right && end > begin && gone.test(self.codePointBefore(end))) {
            end -= Character.charCount(self.codePointBefore(end));
        }
        return self.substring(begin, end);
    }

    static String capitalize(String self) {
        if (self.isEmpty()) {
            return self;
        }
        int end = self.offsetByCodePoints(0, 1);
        return titleCase(self.substring(0, end)) + self.substring(end).toLowerCase(Locale.ROOT);
    }

    private static String titleCase(String character) {
        int title = Character.toTitleCase(character.codePointAt(0));
        return title == character.codePointAt(0)
                ? titleOfSeveral(character)
                : Character.toString(title);
    }

    private static String titleOfSeveral(String character) {
        String upper = character.toUpperCase(Locale.ROOT);
        return upper.length() > 1 && upper.codePointCount(0, upper.length()) > 1
                ? upper.substring(0, 1) + upper.substring(1).toLowerCase(Locale.ROOT)
                : character;
    }

    private static String swapCase(String self) {
        StringBuilder text = new StringBuilder();
        for (int c : self.codePoints().toArray()) {
            String character = Character.toString(c);
            text.append(
                    Character.isUpperCase(c)
                            ? character.toLowerCase(Locale.ROOT)
                            : character.toUpperCase(Locale.ROOT));
        }
        return text.toString();
    }

    private static String title(String self) {
        StringBuilder text = new StringBuilder();
        boolean inWord = false;
        for (int c : self.codePoints().toArray()) {
            String character = Character.toString(c);
            text.append(inWord ? character.toLowerCase(Locale.ROOT) : titleCase(character));
            inWord = Character.isLetter(c);
        }
        return text.toString();
    }

    private static Object affix(CallArguments arguments, String method, Predicate<String> test) {
        Object given = arguments.bind(method, "text").get("text");
        if (given instanceof Tuple tuple) {
            return tuple.items().stream().anyMatch(item -> test.test(Values.text(item, method)));
        }
        return test.test(Values.text(given, method));
    }

    static String replace(String self, Bound bound, Budget budget) {
        String old = Values.text(bound.get("old"), "replace");
        String now = Values.text(bound.get("new"), "replace");
        int most = bound.integer("count", -1);
        long possible = count(self, old);
        long times = most < 0 ? possible : Math.min(most, possible);
        budget.make(self.length() + times * now.length());
        if (most < 0) {
            return self.replace(old, now);
        }
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i < times; i++) {
            int at =
                    old.isEmpty()
                            ? (i == 0 ? 0 : self.offsetByCodePoints(from, 1))
                            : self.indexOf(old, from);
            text.append(self, from, at).append(now);
            from = at + old.length();
        }
        return text.append(self, from, self.length()).toString();
    }

    private static String join(String self, CallArguments arguments) {
        List<String> parts =
                Values.iterate(arguments.bind("join", "items").get("items")).stream()
                        .map(item -> Values.text(item, "join"))
                        .toList();
        return String.join(self, parts);
    }

    private static long position(String self, int at) {
        return at < 0 ? -1 : self.codePointCount(0, at);
    }

    private static long index(String self, String part) {
        int at = self.indexOf(part);
        if (at < 0) {
            throw JinjaException.of("index finds no " + PythonText.repr(part));
        }
        return position(self, at);
    }

    private static long count(String self, String part) {
        if (part.isEmpty()) {
            return Values.length(self) + 1;
        }
        long count = 0;
        for (int at = self.indexOf(part); at >= 0; at = self.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static boolean all(String self, IntPredicate test) {
        return !self.isEmpty() && self.codePoints().allMatch(test);
    }

    private static boolean isCase(String self, boolean upper) {
        return self.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c))
                && self.codePoints()
                        .noneMatch(
                                c -> upper ? Character.isLowerCase(c) : Character.isUpperCase(c));
    }

    static String zeroFilled(String self, int width) {
        String zeros = "0".repeat(Math.max(0, width - (int) Values.length(self)));
        boolean signed = self.startsWith("-") || self.startsWith("+");
        return signed ? self.charAt(0) + zeros + self.substring(1) : zeros + self;
    }

    private static String blanks(String self, int width) {
        return " ".repeat(Math.max(0, width - (int) Values.length(self)));
    }

    /** Python puts the odd blank left where the width is odd. */
    static String centered(String self, int width) {
        int missing = Math.max(0, width - (int) Values.length(self));
        int left = (missing / 2) + (missing & width & 1);
        return " ".repeat(left) + self + " ".repeat(missing - left);
    }
}
