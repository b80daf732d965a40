package dev.ligature.internal.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import dev.ligature.internal.resolve.PeftPlanTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares with Python's re.fullmatch; see interop/make_plan_cases.py. */
class PythonRegexTest {
    private static final String NOT_SUPPORTED = " not supported";

    @Test
    void anExpressionMatchesAsInPython_orIsRefusedThereToo_orForAConstructThatIsNotSupported()
            throws IOException {
        List<String> differences = new ArrayList<>();
        Map<String, Integer> unsupported = new TreeMap<>();
        for (JsonElement element : PeftPlanTest.json("regex-cases.json").getAsJsonArray()) {
            JsonArray test = element.getAsJsonArray();
            String expected = test.get(2).isJsonNull() ? "refused" : test.get(2).getAsString();
            String result = match(test.get(0).getAsString(), test.get(1).getAsString());
            if (result.contains(NOT_SUPPORTED)) {
                if (!expected.equals("refused")) {
                    unsupported.merge(result.substring("refused, ".length()), 1, Integer::sum);
                }
            } else if (!result.startsWith(expected)) {
                differences.add(test + " here " + result);
            }
        }
        assertEquals(List.of(), differences);
        assertEquals(
                Map.ofEntries(
                        Map.entry("\\U is not supported", 11),
                        Map.entry("\\b is not supported in a set", 3),
                        Map.entry("\\u is not supported", 10),
                        Map.entry("\\v is not supported", 9),
                        Map.entry("\\x is not supported", 6),
                        Map.entry("a comment, (?#…), is not supported", 6),
                        Map.entry("an atomic group, (?>…), is not supported", 7),
                        Map.entry("flags other than (?i) at the start are not supported", 28),
                        Map.entry("the possessive quantifier ++ is not supported", 7),
                        Map.entry("the possessive quantifier ?+ is not supported", 7)),
                unsupported);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "q_proj(?#note) ; a comment, (?#…), is not supported",
                "(a)(?(1)b|c) ; a group that depends on another, (?(…)…), is not supported",
                "(?>a|ab)c ; an atomic group, (?>…), is not supported",
                "(?i:a)b ; flags other than (?i) at the start are not supported",
                "(?s)a ; flags other than (?i) at the start are not supported",
                "a(?i) ; flags other than (?i) at the start are not supported",
                "a++ ; the possessive quantifier ++ is not supported",
                "a{1,2}+ ; the possessive quantifier {1,2}+ is not supported",
                "\\x61 ; \\x is not supported",
                "\\u0061 ; \\u is not supported",
                "\\N{BULLET} ; \\N is not supported",
                "\\012 ; \\0 is not supported",
                "\\v ; \\v is not supported",
                "[\\b] ; \\b is not supported in a set",
                "(?<name>a) ; '(?' is followed by what Python does not know",
                "(?P=x) ; there is no group x",
                "(a\\1) ; group 1 refers to itself",
                "(?P<x>a)(?P<x>b) ; two groups are named x",
                "a** ; a quantifier has nothing to repeat",
                "(a ; a group is not closed",
                "a) ; a parenthesis closes nothing",
                "[a ; a set of characters is not closed",
                "a\\ ; a backslash ends it"
            })
    void whatIsRefused_isNamed(String expression, String reason) {
        PatternSyntaxException refused =
                assertThrows(
                        PatternSyntaxException.class,
                        () -> PythonRegex.compile(expression.strip()));
        assertEquals(reason, refused.getDescription());
    }

    /** What PEFT's users write, with a name that it matches and one that it does not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ".*(q|v)_proj ; model.layers.0.self_attn.q_proj ; model.layers.0.self_attn.k_proj",
                "^(?!.*vision).*_proj$ ; text.q_proj ; vision.q_proj",
                "(?i)LM_HEAD ; lm_head ; head",
                ".*\\.layers\\.(1[0-5]|[2-9])\\..* ; m.layers.12.q ; m.layers.16.q",
                "(?P<a_b>x)\\.(?P=a_b) ; x.x ; x.y",
                "h\\.\\d{,2}\\.c_attn ; h.11.c_attn ; h.123.c_attn",
                ".*(?<=\\.)fc[12]\\Z ; mlp.fc1 ; mlp.xfc1",
                "[^.&[]+ ; q_proj ; a&b"
            })
    void whatUsersOfPeftWrite_isSupported(String expression, String matches, String other) {
        PythonRegex regex = PythonRegex.compile(expression);
        assertTrue(regex.fullMatch(matches));
        assertTrue(!regex.fullMatch(other));
    }

    private static String match(String expression, String text) {
        try {
            return "" + PythonRegex.compile(expression).fullMatch(text);
        } catch (PatternSyntaxException e) {
            return "refused, " + e.getDescription();
        }
    }
}
