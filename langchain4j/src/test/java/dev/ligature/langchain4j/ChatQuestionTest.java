package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is read out of a request, and what is refused before anything is computed. */
final class ChatQuestionTest {
    private static ChatQuestion read(ChatRequestParameters parameters) {
        return ChatQuestion.of(
                ChatRequest.builder()
                        .messages(UserMessage.from("Hello!"))
                        .parameters(parameters)
                        .build(),
                "base");
    }

    private static String refusal(ChatRequestParameters parameters) {
        return assertThrows(InvalidRequestException.class, () -> read(parameters)).getMessage();
    }

    private static ChatRequestParameters stops(List<String> stops) {
        return ChatRequestParameters.builder().stopSequences(stops).build();
    }

    @Test
    void aNumberOfTokens_isNotNegative() {
        for (int tokens : new int[] {-1, Integer.MIN_VALUE}) {
            assertEquals(
                    "maxOutputTokens is "
                            + tokens
                            + "; it must be 0 or positive. Leave it out for as many tokens as"
                            + " there is room for.",
                    refusal(ChatRequestParameters.builder().maxOutputTokens(tokens).build()));
        }
        assertEquals(
                0, read(ChatRequestParameters.builder().maxOutputTokens(0).build()).maxTokens());
        assertEquals(-1, read(ChatRequestParameters.builder().build()).maxTokens());
    }

    @Test
    void aStopText_isNotEmpty() {
        String remedy = "; each must be a text of one character at least. Leave it out.";
        assertEquals("stopSequences has ''" + remedy, refusal(stops(List.of("\n", ""))));
        assertEquals(
                "stopSequences has null" + remedy, refusal(stops(Collections.singletonList(null))));
        assertEquals(List.of("\n", "x"), read(stops(List.of("\n", "x"))).stops());
    }
}
