package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations after the model, the store and the engine were closed, in any order. */
final class ClosedModelTest {
    private static final String QUESTION = "fun main(";

    @TempDir Path folder;

    @Test
    void anEngine_saysWhatIsClosed() throws Exception {
        ChatFixture fixture = new ChatFixture(folder);
        LigatureChatModel chat =
                LigatureChatModel.builder().engine(fixture.engine).modelName("alpha").build();
        fixture.model.close();
        IllegalStateException model =
                assertThrows(IllegalStateException.class, () -> chat.chat(QUESTION));
        assertEquals(
                "The model in "
                        + folder.resolve("base")
                        + " is closed and computes nothing. Load it again, and keep it open until"
                        + " the last call.",
                model.getMessage());
        fixture.close(); // the store and the engine
        IllegalStateException engine =
                assertThrows(IllegalStateException.class, () -> chat.chat(QUESTION));
        assertTrue(
                engine.getMessage().startsWith("The chat engine is closed"), engine.getMessage());
    }

    @Test
    void aClosedEngine_tellsTheHandlerOfAStream() throws Exception {
        ChatFixture fixture = new ChatFixture(folder);
        LigatureStreamingChatModel chat =
                LigatureStreamingChatModel.builder().engine(fixture.engine).build();
        fixture.close();
        List<String> errors = new ArrayList<>();
        chat.chat(
                QUESTION,
                new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String piece) {}

                    @Override
                    public void onCompleteResponse(ChatResponse response) {}

                    @Override
                    public void onError(Throwable error) {
                        errors.add(error.getMessage());
                    }
                });
        assertEquals(
                List.of(
                        "The answer has failed: The chat engine is closed and answers nothing."
                                + " Open another one."),
                errors);
    }
}
