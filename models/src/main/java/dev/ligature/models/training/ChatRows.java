package dev.ligature.models.training;

import dev.ligature.LoraException;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.chat.ChatText;
import dev.ligature.models.chat.Conversation;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.PlacedTokens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Conversations as tokens, by the chat template of the checkpoint. What counts are the parts that
 * the template marks as the model's; where it marks none, the last answer: what the conversation
 * has beyond the one before the answer with the begin of an answer.
 */
final class ChatRows {
    static final String MESSAGES = "messages";
    static final String FORM =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, {\"role\": \"assistant\","
                    + " \"content\": \"…\"}]}";
    private static final String TOOLS = "tools";
    private static final String VARIABLES = "chat_template_kwargs";
    private static final String ROLE = "role";
    private static final String ASSISTANT = "assistant";

    private final TextTokens tokens;
    private final boolean trainOnPrompt;
    private @Nullable ChatTemplate template;
    private boolean lastAnswers;

    ChatRows(TextTokens tokens, boolean trainOnPrompt) {
        this.tokens = tokens;
        this.trainOnPrompt = trainOnPrompt;
    }

    /** Returns whether it is to be said that of each conversation the last answer alone counts. */
    boolean countsLastAnswers() {
        return lastAnswers;
    }

    /**
     * Renders the conversation of a line.
     *
     * @return the text, and the parts of it that count
     * @throws IOException if the template refuses it, or nothing in it would count; the message
     *     names file and line
     */
    ChatText text(DataLine line) throws IOException {
        List<Map<String, @Nullable Object>> messages = messages(line, MESSAGES);
        Conversation all = conversation(line, messages);
        ChatText text = render(all, line);
        if (trainOnPrompt) {
            return whole(text);
        }
        if (template().marksGenerated(all)) {
            if (text.generated().isEmpty()) {
                throw line.error(ModelMessage.LINE_CHAT_UNMARKED);
            }
            return text;
        }
        int last = messages.size() - 1;
        Object role = messages.get(last).get(ROLE);
        if (!ASSISTANT.equals(role)) {
            throw line.error(ModelMessage.LINE_CHAT_LAST, String.valueOf(role));
        }
        lastAnswers |= messages.stream().limit(last).anyMatch(m -> ASSISTANT.equals(m.get(ROLE)));
        return after(line, messages.subList(0, last), text);
    }

    /** Renders a prompt and its completion; the latter counts. */
    ChatText text(
            DataLine line,
            List<Map<String, @Nullable Object>> prompt,
            List<Map<String, @Nullable Object>> completion)
            throws IOException {
        List<Map<String, @Nullable Object>> both = new ArrayList<>(prompt);
        both.addAll(completion);
        ChatText text = render(conversation(line, both), line);
        return trainOnPrompt ? whole(text) : after(line, prompt, text);
    }

    /** Returns a rendered conversation as tokens. */
    CausalRow row(ChatText text) throws IOException {
        PlacedTokens placed =
                tokens.tokenizer().place(text.text()); // which begin a text as it does
        BitSet counted = new BitSet();
        text.generated().forEach(part -> placed.within(part.begin(), part.end(), counted));
        return tokens.row(placed.ids(), counted);
    }

    private static ChatText whole(ChatText text) {
        return counted(text, 0);
    }

    private static ChatText counted(ChatText text, int from) {
        return new ChatText(text.text(), List.of(new ChatText.Part(from, text.text().length())));
    }

    /** Lets count what a text has beyond the begin of an answer to some of its messages. */
    private ChatText after(DataLine line, List<Map<String, @Nullable Object>> before, ChatText text)
            throws IOException {
        Conversation prompt = conversation(line, before);
        Conversation asking =
                new Conversation(prompt.messages(), prompt.tools(), true, prompt.variables());
        String begin = render(asking, line).text();
        if (!text.text().startsWith(begin) || text.text().length() == begin.length()) {
            throw line.error(ModelMessage.LINE_CHAT_BEGIN);
        }
        return counted(text, begin.length());
    }

    /** Returns the messages of a field. */
    static List<Map<String, @Nullable Object>> messages(DataLine line, String name)
            throws IOException {
        List<Map<String, @Nullable Object>> messages = line.objects(name);
        if (messages.isEmpty() || !messages.stream().allMatch(m -> m.get(ROLE) instanceof String)) {
            throw line.wrong(name, "a list of messages with role and content");
        }
        return messages;
    }

    private static Conversation conversation(
            DataLine line, List<Map<String, @Nullable Object>> messages) throws IOException {
        return new Conversation(
                messages,
                line.has(TOOLS) ? line.objects(TOOLS) : null,
                false,
                line.has(VARIABLES) ? line.object(VARIABLES) : Map.of());
    }

    private ChatText render(Conversation conversation, DataLine line) throws IOException {
        ChatTemplate chosen = template();
        try {
            return chosen.render(conversation);
        } catch (LoraException e) {
            throw line.failed(e);
        }
    }

    private ChatTemplate template() throws IOException {
        ChatTemplate read = template;
        if (read == null) {
            read = ChatTemplate.read(tokens.model().directory());
            template = read;
        }
        return read;
    }
}
