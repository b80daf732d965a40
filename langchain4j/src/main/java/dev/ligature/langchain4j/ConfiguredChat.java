package dev.ligature.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What both kinds of chat models have, and are built with. */
abstract class ConfiguredChat {
    final ChatEngine engine;
    private final ChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;

    ConfiguredChat(Builder<?> builder) {
        this.engine = Objects.requireNonNull(builder.engine, "engine is not set");
        this.defaults =
                LigatureChatRequestParameters.builder()
                        .modelName(engine.baseName())
                        .overrideWith(builder.defaults.build())
                        .build();
        this.listeners = builder.listeners;
    }

    /** Returns the parameters of requests that do not say otherwise. */
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    /** Returns what is told of requests, answers and errors. */
    public List<ChatModelListener> listeners() {
        return listeners;
    }

    /**
     * Builds chat models.
     *
     * @param <B> the builder of one kind
     */
    public abstract static class Builder<B extends Builder<B>> {
        private @Nullable ChatEngine engine;
        private final LigatureChatRequestParameters.Builder defaults =
                LigatureChatRequestParameters.builder();
        private List<ChatModelListener> listeners = List.of();

        abstract B self();

        /**
         * Sets what computes; required.
         *
         * @param value stays open when the model is not used any more
         */
        public B engine(ChatEngine value) {
            engine = Objects.requireNonNull(value, "engine");
            return self();
        }

        /**
         * Sets the adapter of requests that name no other.
         *
         * @param value an adapter's name in the engine's store, or that of the base
         */
        public B modelName(String value) {
            defaults.modelName(Objects.requireNonNull(value, "modelName"));
            return self();
        }

        /**
         * Sets parameters of requests that do not say otherwise; those that were set before stay
         * where these have none.
         *
         * @param value LangChain4j's own, or {@link LigatureChatRequestParameters}
         */
        public B defaultRequestParameters(ChatRequestParameters value) {
            defaults.overrideWith(Objects.requireNonNull(value, "defaultRequestParameters"));
            return self();
        }

        /**
         * Sets what is told of requests, answers and errors.
         *
         * @param value the listeners, in their order
         */
        public B listeners(List<ChatModelListener> value) {
            listeners = List.copyOf(value);
            return self();
        }
    }
}
