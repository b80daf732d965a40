package dev.ligature.models.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.models.chat.ToolCallReader.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToolCallReaderTest {
    /** The same whether the text comes whole, or a character at a time. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '~',
            value = {
                "Hello <b>x</b> #Hello <b>x</b> #",
                "a < b, <tool#a < b, <tool#",
                "~<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, \"}\"]}}\n</tool_call>~##f{\"a\":[1,\"}\"]}",
                "~Let me see.\n<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"x\",\"arguments\":{}}</tool_call>~#Let me see.#f{} x{}",
                "<tool_call>{\"name\":\"f\",\"arguments\":{}}##f{}",
                "<tool_call>{\"name\":\"f\",</tool_call> so#<tool_call>{\"name\":\"f\",</tool_call> so#",
                "<tool_call>{\"name\":\"f\",\"arguments\":\"x\"}</tool_call>#<tool_call>{\"name\":\"f\",\"arguments\":\"x\"}</tool_call>#",
                "<tool_call>{'name':'f','arguments':{}}</tool_call>#<tool_call>{'name':'f','arguments':{}}</tool_call>#",
                "<tool_call>no#<tool_call>no#",
                "{\"name\": \"f\", \"parameters\": {\"q\": \"{\\\"}\"}}##f{\"q\":\"{\\\"}\"}",
                "<|python_tag|>{\"name\":\"f\",\"parameters\":{}}; {\"name\":\"g\",\"parameters\":{}}##f{} g{}",
                "{\"name\": \"other\", \"parameters\": {}}#{\"name\": \"other\", \"parameters\": {}}#",
                "{\"name\": \"f\", \"parameters\": {}} and so#{\"name\": \"f\", \"parameters\": {}} and so#",
                "{\"colour\": \"red\"}#{\"colour\": \"red\"}#",
                "{\"name\": \"f\", \"para#{\"name\": \"f\", \"para#",
                "The call {\"name\":\"f\",\"parameters\":{}}#The call {\"name\":\"f\",\"parameters\":{}}#",
                "<|pyth#<|pyth#",
            })
    void callsAreFound_andAllElseIsText(String answer, String text, String calls) {
        String expected = (text == null ? "" : text) + "|" + (calls == null ? "" : calls);

        assertEquals(expected, read(List.of(answer)));
        assertEquals(expected, read(answer.chars().mapToObj(Character::toString).toList()));
    }

    private static String read(List<String> pieces) {
        ToolCallReader reader = new ToolCallReader(Set.of("f", "g"));
        StringBuilder text = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        for (String piece : pieces) {
            Found found = reader.add(piece);
            text.append(found.text());
            calls.addAll(found.calls());
        }
        Found last = reader.finish();
        text.append(last.text());
        calls.addAll(last.calls());
        assertEquals(calls.size(), calls.stream().map(ToolCall::id).distinct().count());
        return text
                + "|"
                + calls.stream()
                        .map(call -> call.name() + call.arguments())
                        .collect(Collectors.joining(" "));
    }
}
