package dev.ligature.server.internal.handler;

import com.google.gson.stream.JsonWriter;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.RequestPart;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.intake.Place;
import dev.ligature.server.internal.intake.RequestIntake;
import dev.ligature.server.internal.request.ChatReader;
import dev.ligature.server.internal.request.Prompt;
import dev.ligature.server.internal.request.RequestFields;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.model.TaskModel;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Makes tokens of texts and texts of tokens, in the shape of vLLM's API. */
public final class TokenHandler {
    private static final int DEPTH = 32;
    private static final int BYTES_OF_TOKEN = 128; // its number and its text, with copies
    private static final Set<String> TEXT =
            Set.of("model", "prompt", "add_special_tokens", "return_token_strs");
    private static final Set<String> CHAT =
            Set.of(
                    "model",
                    "messages",
                    "tools",
                    "tool_choice",
                    "chat_template_kwargs",
                    "add_generation_prompt",
                    "add_special_tokens",
                    "return_token_strs");
    private static final Set<String> TOKENS = Set.of("model", "tokens");

    private final RequestIntake intake;
    private final TaskModel model;
    private final String base;
    private final LengthRule length;
    private final @Nullable PromptReader conversations;

    /**
     * Creates it.
     *
     * @param base the name of the base, which a request without a model means
     */
    public TokenHandler(RequestIntake intake, TaskModel model, String base) {
        this.intake = intake;
        this.model = model;
        this.base = base;
        this.length = LengthRule.ofTokens(model);
        this.conversations =
                model instanceof LanguageModel language
                        ? new PromptReader(language, 1, BatchOptions.DEFAULTS)
                        : null;
    }

    /** Handles a request for the tokens of a text or a conversation. */
    public void tokenize(Call call) {
        intake.handle(call, TokenHandler::readText, this::answerTokens);
    }

    private static RequestFields readText(byte[] body) {
        RequestFields request = RequestFields.only(body, DEPTH, union());
        boolean isChat = request.json().has("messages");
        for (String name : request.json().names()) {
            if (!(isChat ? CHAT : TEXT).contains(name)) {
                throw ApiException.field(
                        name,
                        isChat
                                ? name + " is not for messages. Leave it out."
                                : name + " is for messages. Leave it out.");
            }
        }
        if (!isChat) {
            request.require("prompt", "a text, or messages");
            request.json().string("prompt");
        }
        return request;
    }

    private static Set<String> union() {
        Set<String> all = new HashSet<>(TEXT);
        all.addAll(CHAT);
        return all;
    }

    private void admit(Place place, RequestFields request) {
        Optional<String> named = request.json().optionalString("model");
        if (named.isEmpty() && !place.call().mayUse(base)) {
            throw ApiException.field(
                    "model", "model is missing, and the key may not use the base. Name a model.");
        }
        String name = named.orElse(base);
        if (!intake.admit(place, name)) {
            throw ServedModels.unavailable(name);
        }
    }

    /**
     * Answers about some tokens, which count for the key.
     *
     * @param tokens how many
     */
    private void reply(Place place, int tokens, Callable<String> body) {
        place.fill(new Counted(tokens));
        intake.whenRoom(place, (long) tokens * BYTES_OF_TOKEN, () -> intake.reply(place, body));
    }

    /** Tokens that were made, or made text of. */
    private record Counted(int tokens) implements RequestPart {
        @Override
        public void cancel() {}

        @Override
        public Usage usage() {
            return new Usage(tokens, 0);
        }
    }

    private void answerTokens(Place place, RequestFields request) {
        admit(place, request);
        boolean isChat = request.json().has("messages");
        String text =
                isChat
                        ? length.fitting("messages", rendered(request))
                        : length.fitting("prompt", request.json().string("prompt"));
        boolean adds = request.json().bool("add_special_tokens", !isChat);
        TextTokenizer tokenizer = model.tokenizer();
        long[] ids = adds ? tokenizer.encodePrompt(text) : tokenizer.encode(text);
        boolean spells = request.json().bool("return_token_strs", false);
        reply(
                place,
                ids.length,
                () ->
                        Json.object(
                                json -> {
                                    json.name("count").value(ids.length);
                                    json.name("max_model_len").value(model.maxTokens());
                                    ids(json, ids);
                                    spellings(json, spells ? ids : null);
                                }));
    }

    private static void ids(JsonWriter json, long[] ids) throws IOException {
        json.name("tokens").beginArray();
        for (long id : ids) {
            json.value(id);
        }
        json.endArray();
    }

    private void spellings(JsonWriter json, long @Nullable [] ids) throws IOException {
        json.name("token_strs");
        if (ids == null) {
            json.nullValue();
            return;
        }
        json.beginArray();
        for (long id : ids) {
            json.value(model.tokenizer().spelling(id));
        }
        json.endArray();
    }

    private String rendered(RequestFields request) {
        if (conversations == null) {
            throw ApiException.field(
                    "messages", "The model takes no conversations. Send a prompt.");
        }
        boolean asksForAnswer = request.json().bool("add_generation_prompt", true);
        return conversations.text(new Prompt.Chat(ChatReader.conversation(request, asksForAnswer)));
    }

    /** Handles a request for the text of tokens. */
    public void detokenize(Call call) {
        intake.handle(call, body -> RequestFields.only(body, DEPTH, TOKENS), this::answerText);
    }

    private void answerText(Place place, RequestFields request) {
        admit(place, request);
        request.require("tokens", "a list of token ids");
        List<Long> tokens = request.json().naturals("tokens");
        int known = model.tokenizer().file().vocabularySize();
        for (long token : tokens) {
            if (token >= known) {
                throw ApiException.field(
                        "tokens",
                        "tokens has "
                                + token
                                + ", and the tokenizer knows 0 to "
                                + (known - 1)
                                + ". Send its own tokens.");
            }
        }
        String text =
                model.tokenizer().decodeAll(tokens.stream().mapToLong(Long::longValue).toArray());
        reply(place, tokens.size(), () -> Json.object(json -> json.name("prompt").value(text)));
    }
}
