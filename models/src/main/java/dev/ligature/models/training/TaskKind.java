package dev.ligature.models.training;

import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a model can be trained for. */
public enum TaskKind {
    /** Continuing texts. */
    CAUSAL {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.CAUSAL_LM;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) {
            return new CompletionTask(tokens, settings.trainOnPrompt(), settings.packing());
        }
    },

    /** Preferring one of two answers. */
    PREFERENCE {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.CAUSAL_LM;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) {
            return new PreferenceTask(tokens, settings.preference());
        }
    },

    /** Answering a text by another one. */
    SEQ2SEQ {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.SEQ_2_SEQ_LM;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) {
            return new SequenceToSequenceTask(tokens);
        }
    },

    /** Labels of texts, or of words. */
    CLASSIFICATION {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.SEQ_CLS || model == ModelTask.TOKEN_CLS;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) throws IOException {
            return tokens.model().task() == ModelTask.TOKEN_CLS
                    ? new TokenClassificationTask(tokens)
                    : new TextClassificationTask(tokens);
        }
    },

    /** Embeddings of texts, for search. */
    EMBEDDING {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.FEATURE_EXTRACTION;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) throws IOException {
            return new EmbeddingTask(tokens, settings.temperature());
        }
    },

    /** Finding masked tokens. */
    MASKED {
        @Override
        boolean fits(ModelTask model) {
            return model == ModelTask.MASKED_LM;
        }

        @Override
        TrainingTask<?> of(TextTokens tokens, TaskSettings settings) {
            return new MaskedTask(tokens);
        }
    };

    /** Returns whether models of a kind are trained for it. */
    abstract boolean fits(ModelTask model);

    abstract TrainingTask<?> of(TextTokens tokens, TaskSettings settings) throws IOException;

    /**
     * Returns what a model is trained for.
     *
     * @param model the model
     * @param asked what it shall be trained for; null for what follows from the model
     * @throws dev.ligature.LoraException if a model of this kind cannot be trained for it
     */
    public static TaskKind of(PretrainedModel model, @Nullable TaskKind asked) {
        TaskKind fitting =
                Arrays.stream(values())
                        .filter(kind -> kind.fits(model.task()))
                        .findFirst()
                        .orElseThrow();
        if (asked == null) {
            return fitting;
        }
        if (!asked.fits(model.task())) {
            throw ModelMessage.TASK.error(model.directory(), model.task().title(), asked, fitting);
        }
        return asked;
    }

    /**
     * Returns the task of a model.
     *
     * @param model a model of this kind
     * @param settings how its data is read
     * @throws IOException if a file of the model says something that cannot be trained
     */
    public TrainingTask<?> on(PretrainedModel model, TaskSettings settings) throws IOException {
        int positions =
                model.task() == ModelTask.CAUSAL_LM
                        ? model.decoder().maxPositions()
                        : ConfigFields.ofModel(model.directory())
                                .integer("max_position_embeddings")
                                .orElse(Integer.MAX_VALUE);
        int most = Math.min(settings.sequenceLength(), positions);
        return of(new TextTokens(model, most), settings);
    }

    /** Returns the word for it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
