package dev.ligature.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.ligature.LoraException;
import dev.ligature.models.chat.Conversation;
import dev.ligature.models.generation.Sampling;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What LangChain4j asks for, in the terms of the models.
 *
 * @param model the name of an adapter or of the base
 * @param conversation what the template makes a text of
 * @param tools the names of the functions that may be called
 * @param sampling how tokens are chosen
 * @param seed of the draws
 * @param maxTokens the most new tokens; −1 for as many as there is room for
 * @param stops texts that end the answer; they are not part of it
 */
record ChatQuestion(
        String model,
        Conversation conversation,
        Set<String> tools,
        Sampling sampling,
        long seed,
        int maxTokens,
        List<String> stops) {
    /**
     * Reads a request.
     *
     * @param baseName the model of a request that names none
     * @throws UnsupportedFeatureException if it asks for what is not computed
     * @throws InvalidRequestException if a parameter has no meaning
     */
    static ChatQuestion of(ChatRequest request, String baseName) {
        ChatRequestParameters asked = request.parameters();
        if (asked.responseFormat() != null
                && asked.responseFormat().type() != ResponseFormatType.TEXT) {
            throw new UnsupportedFeatureException(
                    "The response format JSON is not supported. Ask for JSON in the messages.");
        }
        if (asked.toolChoice() == ToolChoice.REQUIRED) {
            throw new UnsupportedFeatureException(
                    "ToolChoice.REQUIRED is not supported: the model decides whether it calls a"
                            + " function. Use AUTO or NONE.");
        }
        List<ToolSpecification> offered =
                asked.toolSpecifications() == null || asked.toolChoice() == ToolChoice.NONE
                        ? List.of()
                        : asked.toolSpecifications();
        LigatureChatRequestParameters own =
                asked instanceof LigatureChatRequestParameters given
                        ? given
                        : LigatureChatRequestParameters.builder().build();
        Map<String, Object> variables =
                own.templateVariables() == null ? Map.of() : own.templateVariables();
        Set<String> names = new HashSet<>();
        offered.forEach(tool -> names.add(tool.name()));
        return new ChatQuestion(
                asked.modelName() == null ? baseName : asked.modelName(),
                new Conversation(
                        ChatMessages.of(request.messages()),
                        offered.isEmpty() ? null : ChatMessages.tools(offered),
                        true,
                        variables),
                names,
                sampling(asked, own),
                own.seed() == null ? ThreadLocalRandom.current().nextLong() : own.seed(),
                maxTokens(asked.maxOutputTokens()),
                stops(asked.stopSequences()));
    }

    private static int maxTokens(@Nullable Integer asked) {
        if (asked != null && asked < 0) {
            throw new InvalidRequestException(
                    "maxOutputTokens is "
                            + asked
                            + "; it must be 0 or positive. Leave it out for as many tokens as there"
                            + " is room for.");
        }
        return asked == null ? -1 : asked;
    }

    private static List<String> stops(@Nullable List<String> asked) {
        if (asked == null) {
            return List.of();
        }
        for (String stop : asked) {
            if (stop == null || stop.isEmpty()) {
                throw new InvalidRequestException(
                        "stopSequences has "
                                + (stop == null ? "null" : "''")
                                + "; each must be a text of one character at least. Leave it out.");
            }
        }
        return asked;
    }

    private static Sampling sampling(
            ChatRequestParameters asked, LigatureChatRequestParameters own) {
        Sampling.Builder sampling = Sampling.builder().optTemperature(1);
        set(asked.temperature(), sampling::optTemperature);
        set(asked.topP(), sampling::optTopP);
        set(asked.topK(), sampling::optTopK);
        set(asked.frequencyPenalty(), sampling::optFrequencyPenalty);
        set(asked.presencePenalty(), sampling::optPresencePenalty);
        set(own.minP(), sampling::optMinP);
        set(own.repetitionPenalty(), sampling::optRepetitionPenalty);
        try {
            return sampling.build();
        } catch (LoraException e) {
            throw ChatFailure.ofRequest(e);
        }
    }

    private static <T> void set(@Nullable T value, Consumer<T> option) {
        if (value != null) {
            option.accept(value);
        }
    }
}
