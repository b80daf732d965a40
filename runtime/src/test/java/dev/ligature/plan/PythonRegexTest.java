package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import java.io.IOException;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Compares with Python's re.fullmatch; see interop/make_plan_cases.py. */
class PythonRegexTest {
    @TestFactory
    Stream<DynamicTest> anExpressionMatchesOrIsRefusedAsInPython() throws IOException {
        return PeftPlanTest.json("regex-cases.json").getAsJsonArray().asList().stream()
                .map(JsonElement::getAsJsonArray)
                .map(test -> DynamicTest.dynamicTest(test.toString(), () -> check(test)));
    }

    private static void check(JsonArray test) {
        String expected = test.get(2).isJsonNull() ? "refused" : test.get(2).getAsString();
        assertEquals(expected, match(test.get(0).getAsString(), test.get(1).getAsString()));
    }

    private static String match(String expression, String text) {
        try {
            return "" + PythonRegex.compile(expression).fullMatch(text);
        } catch (PatternSyntaxException e) {
            return "refused";
        }
    }
}
