package dev.ligature.spark;

import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.util.List;

/** One kind of computation on one model. */
interface TextTask {
    /** A text in a batch. */
    final class Input {
        private final long[] ids;
        private final String adapter;
        private final long place;

        /**
         * Creates it.
         *
         * @param ids its tokens
         * @param adapter the adapter's name on the model, or {@link dev.ligature.Routing#BASE}
         * @param place the text's place among those of its partition
         */
        Input(long[] ids, String adapter, long place) {
            this.ids = ids;
            this.adapter = adapter;
            this.place = place;
        }

        long[] ids() {
            return ids;
        }

        String adapter() {
            return adapter;
        }

        long place() {
            return place;
        }

        /** Returns the adapters of texts. */
        static List<String> adapters(List<Input> inputs) {
            return inputs.stream().map(Input::adapter).toList();
        }

        /** Returns the tokens of texts. */
        static List<long[]> ids(List<Input> inputs) {
            return inputs.stream().map(Input::ids).toList();
        }
    }

    /**
     * Returns the tokens of a text.
     *
     * @throws dev.ligature.LoraException if the model cannot take it
     */
    long[] encode(String text) throws IOException;

    /** Returns the most tokens of a batch with more than one text, padding included. */
    default int batchTokens(int wanted) {
        return wanted;
    }

    /**
     * Computes a batch.
     *
     * @param inputs the texts, one at least
     * @return the result of each, as Spark takes it
     */
    List<Object> compute(List<Input> inputs) throws IOException;

    /** Returns the task of some settings on a model. */
    static TextTask of(Settings settings, PretrainedModel model) throws IOException {
        TextLimit limit = new TextLimit(settings, model);
        return switch (settings.task()) {
            case EMBEDDING -> new EmbeddingTask(model, limit);
            case CLASSIFICATION -> new ClassificationTask(model, limit);
            case GENERATION -> new GenerationTask(model, limit, settings);
            case PERPLEXITY -> new PerplexityTask(model, limit);
        };
    }
}
