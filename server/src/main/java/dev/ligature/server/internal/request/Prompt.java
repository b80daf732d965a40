package dev.ligature.server.internal.request;

import dev.ligature.models.chat.Conversation;
import java.util.List;

/** What a request asks to go on with. */
public sealed interface Prompt {
    /** A text. */
    record Text(String text) implements Prompt {}

    /** Token ids, at least one. */
    record Ids(List<Long> ids) implements Prompt {}

    /** A pair of texts, for a model that compares them. */
    record Pair(String text, String pair) implements Prompt {}

    /** A conversation, whose text is made by the chat template. */
    record Chat(Conversation conversation) implements Prompt {}
}
