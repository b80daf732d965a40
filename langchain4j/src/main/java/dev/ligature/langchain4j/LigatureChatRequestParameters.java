package dev.ligature.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * LangChain4j's parameters of a request, and those that only models in this process have.
 *
 * <pre>{@code
 * ChatRequest request =
 *         ChatRequest.builder()
 *                 .messages(UserMessage.from("Hello!"))
 *                 .parameters(
 *                         LigatureChatRequestParameters.builder().modelName("legal").seed(7L).build())
 *                 .build();
 * }</pre>
 */
public final class LigatureChatRequestParameters extends DefaultChatRequestParameters {
    private final @Nullable Long seed;
    private final @Nullable Double minP;
    private final @Nullable Double repetitionPenalty;
    private final @Nullable Map<String, Object> templateVariables;

    private LigatureChatRequestParameters(Builder builder) {
        super(builder);
        this.seed = builder.seed;
        this.minP = builder.minP;
        this.repetitionPenalty = builder.repetitionPenalty;
        this.templateVariables = builder.templateVariables;
    }

    /** Returns a builder without values. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the seed of the draws; null for another one each time. */
    public @Nullable Long seed() {
        return seed;
    }

    /** Returns the least probability of a token, as a part of the largest; null for 0. */
    public @Nullable Double minP() {
        return minP;
    }

    /** Returns what logits of tokens that are there already are divided by; null for 1. */
    public @Nullable Double repetitionPenalty() {
        return repetitionPenalty;
    }

    /** Returns further variables of the chat template; null for none. */
    public @Nullable Map<String, Object> templateVariables() {
        return templateVariables;
    }

    @Override
    public ChatRequestParameters overrideWith(ChatRequestParameters that) {
        return builder().overrideWith(this).overrideWith(that).build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return super.equals(other)
                && other instanceof LigatureChatRequestParameters that
                && Objects.equals(seed, that.seed)
                && Objects.equals(minP, that.minP)
                && Objects.equals(repetitionPenalty, that.repetitionPenalty)
                && Objects.equals(templateVariables, that.templateVariables);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), seed, minP, repetitionPenalty, templateVariables);
    }

    @Override
    public String toString() {
        return "LigatureChatRequestParameters{"
                + super.toString()
                + ", seed="
                + seed
                + ", minP="
                + minP
                + ", repetitionPenalty="
                + repetitionPenalty
                + ", templateVariables="
                + templateVariables
                + "}";
    }

    /** Builds parameters; what is not set is left to the model's defaults. */
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private @Nullable Long seed;
        private @Nullable Double minP;
        private @Nullable Double repetitionPenalty;
        private @Nullable Map<String, Object> templateVariables;

        private Builder() {}

        @Override
        public Builder overrideWith(ChatRequestParameters parameters) {
            super.overrideWith(parameters);
            if (parameters instanceof LigatureChatRequestParameters own) {
                seed = own.seed == null ? seed : own.seed;
                minP = own.minP == null ? minP : own.minP;
                repetitionPenalty =
                        own.repetitionPenalty == null ? repetitionPenalty : own.repetitionPenalty;
                templateVariables =
                        own.templateVariables == null ? templateVariables : own.templateVariables;
            }
            return this;
        }

        /**
         * Sets the seed of the draws.
         *
         * @param value gives the same draws again
         */
        public Builder seed(@Nullable Long value) {
            seed = value;
            return this;
        }

        /**
         * Sets the least probability of a token.
         *
         * @param value a part of the largest probability, from 0 to 1
         */
        public Builder minP(@Nullable Double value) {
            minP = value;
            return this;
        }

        /**
         * Sets the penalty of tokens that are there already, in the conversation or the answer.
         *
         * @param value what positive logits are divided by, and negative ones multiplied with
         */
        public Builder repetitionPenalty(@Nullable Double value) {
            repetitionPenalty = value;
            return this;
        }

        /**
         * Sets further variables of the chat template, such as {@code enable_thinking}.
         *
         * @param value the variables, with values of JSON
         */
        public Builder templateVariables(@Nullable Map<String, Object> value) {
            templateVariables = value == null ? null : Map.copyOf(value);
            return this;
        }

        @Override
        public LigatureChatRequestParameters build() {
            return new LigatureChatRequestParameters(this);
        }
    }
}
