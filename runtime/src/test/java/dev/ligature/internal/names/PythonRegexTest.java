package dev.ligature.internal.names;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import dev.ligature.plan.PeftPlanTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;

/** Compares with Python's re.fullmatch; see interop/make_plan_cases.py. */
class PythonRegexTest {
    @Test
    void anExpressionMatchesOrIsRefusedAsInPython() throws IOException {
        List<String> differences = new ArrayList<>();
        for (JsonElement element : PeftPlanTest.json("regex-cases.json").getAsJsonArray()) {
            JsonArray test = element.getAsJsonArray();
            String expected = test.get(2).isJsonNull() ? "refused" : test.get(2).getAsString();
            String result = match(test.get(0).getAsString(), test.get(1).getAsString());
            if (!result.equals(expected)) {
                differences.add(test + " here " + result);
            }
        }
        assertEquals(List.of(), differences);
    }

    private static String match(String expression, String text) {
        try {
            return "" + PythonRegex.compile(expression).fullMatch(text);
        } catch (PatternSyntaxException e) {
            return "refused";
        }
    }
}
