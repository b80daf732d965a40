package dev.ligature.spark;

import dev.ligature.models.ModelTask;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What is computed of each text. */
public enum LigatureTask {
    /** The embedding of the text, {@code array<float>}; of an encoder without a head. */
    EMBEDDING(ModelTask.FEATURE_EXTRACTION),

    /**
     * The most probable label, its probability, and the probabilities of all labels: {@code
     * struct<label: string, score: float, probabilities: array<float>>}; of a classifier of texts.
     */
    CLASSIFICATION(ModelTask.SEQ_CLS),

    /** How the text goes on, {@code string}; of a decoder. */
    GENERATION(ModelTask.CAUSAL_LM),

    /**
     * e to the mean cross entropy of the text's tokens after the first one, {@code double}; of a
     * decoder.
     */
    PERPLEXITY(ModelTask.CAUSAL_LM);

    private final ModelTask model;

    LigatureTask(ModelTask model) {
        this.model = model;
    }

    /** Returns the kind of model that computes it. */
    public ModelTask model() {
        return model;
    }

    /** Returns the type of the column with the results. */
    public DataType type() {
        DataType floats = DataTypes.createArrayType(DataTypes.FloatType, false);
        return switch (this) {
            case EMBEDDING -> floats;
            case CLASSIFICATION ->
                    new StructType()
                            .add("label", DataTypes.StringType, false)
                            .add("score", DataTypes.FloatType, false)
                            .add("probabilities", floats, false);
            case GENERATION -> DataTypes.StringType;
            case PERPLEXITY -> DataTypes.DoubleType;
        };
    }
}
