package dev.ligature.cli;

import dev.ligature.models.PretrainedModel;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.text.Document;
import dev.ligature.models.text.DocumentReader;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.training.LineSplit;
import dev.ligature.models.training.OrderedWindows;
import dev.ligature.models.training.TaskKind;
import dev.ligature.models.training.TaskSettings;
import dev.ligature.models.training.TensorFile;
import dev.ligature.models.training.TrainingData;
import dev.ligature.models.training.TrainingTask;
import dev.ligature.training.BatchSampler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say what a model is trained for, and on which data. */
final class TrainingDataOptions {
    private static final int DEFAULT_ROWS = 8;
    private static final int DEFAULT_LENGTH = 128;
    private static final double DEFAULT_TEMPERATURE = 0.05;

    @Option(
            names = "--task",
            paramLabel = "TASK",
            description = {
                "causal, preference, seq2seq, classification, embedding or masked.",
                "Default: what the model is made for."
            })
    private @Nullable TaskKind task;

    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    @Option(
            names = "--strip-headers",
            description = "Leave out a block comment that a document begins with: the licence.")
    private boolean stripHeaders;

    @Option(
            names = "--train-on-prompt",
            description = "Let the tokens of prompts count as those of completions do.")
    private boolean trainOnPrompt;

    @Option(
            names = "--packing",
            description = {
                "Causal: put the texts of a batch into few rows of up to --sequence-length tokens,",
                "apart from each other. The losses are the same. Lines with text are whole texts."
            })
    private boolean packing;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            description =
                    "What similarities of embeddings are divided by. Default: "
                            + DEFAULT_TEMPERATURE
                            + ".")
    private @Nullable Double temperature;

    @Mixin private PreferenceOptions preference = new PreferenceOptions();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Default: " + DEFAULT_ROWS + ".")
    private @Nullable Integer batchSize;

    @Option(
            names = "--sequence-length",
            paramLabel = "N",
            description = "Most tokens in a row. Default: " + DEFAULT_LENGTH + ".")
    private @Nullable Integer sequenceLength;

    /** One of the two ways to say what is trained on. */
    static final class Source {
        @Option(
                names = "--data",
                required = true,
                arity = "1..*",
                paramLabel = "FILE",
                description = {
                    "JSONL, with these fields in each line: causal: text, or prompt and completion,",
                    "or messages; preference: prompt, chosen and rejected; seq2seq: prompt and completion; classification: text, perhaps",
                    "text_pair, and label, or tokens and labels; embedding: query, positive and",
                    "perhaps negatives; masked: text.",
                    "Causal also: files in UTF-8, folders, jar or zip archives; 'a.jar!/x/*.kt' is",
                    "the entries of an archive that start with x/ and end in .kt."
                })
        @Nullable List<String> data;

        @Option(
                names = "--token-ids",
                required = true,
                paramLabel = "F",
                description = {
                    "A safetensors file of batches that are run in order. causal: the tensor batches",
                    "(steps, B, T), perhaps labels; else input_ids, attention_mask, labels,",
                    "token_type_ids and decoder_input_ids, as far as the model has them."
                })
        @Nullable Path tokenIds;
    }

    /** Says of options that contradict each other that they do. */
    void check() {
        if (source.tokenIds != null) {
            refuse("--token-ids prescribes the batches", ofText());
            if (batchSize != null || sequenceLength != null) {
                throw new BadInputException(
                        "--token-ids prescribes the batches, so --batch-size and --sequence-length"
                                + " have no say: leave them out.");
            }
        }
        OptionChecks.atLeast("--batch-size", batchSize == null ? 1 : batchSize, 1);
        OptionChecks.atLeast("--sequence-length", length(), 2);
        OptionChecks.positive("--temperature", settings().temperature());
    }

    /** Returns the options that not every kind of data heeds, and whether they are given. */
    private Map<String, Boolean> ofText() {
        Map<String, Boolean> given = new LinkedHashMap<>();
        given.put("--strip-headers", stripHeaders);
        given.put("--train-on-prompt", trainOnPrompt);
        given.put("--packing", packing);
        return given;
    }

    private static void refuse(String reason, Map<String, Boolean> given) {
        given.forEach(
                (option, isGiven) -> {
                    if (isGiven) {
                        throw new BadInputException(
                                reason + ", so " + option + " has no say: leave it out.");
                    }
                });
    }

    /** Returns what a model is trained for. */
    TaskKind task(PretrainedModel model) {
        return TaskKind.of(model, task);
    }

    /** Returns the task of a model, without its data. */
    TrainingTask<?> taskOf(PretrainedModel model) throws IOException {
        return task(model).on(model, settings());
    }

    /**
     * What a model is trained on, and what it is measured on.
     *
     * @param training what it is trained on
     * @param heldOut what it is measured on; null for nothing
     */
    record Data(TrainingData training, @Nullable EvaluationData heldOut) {}

    /** Opens the data of a task for a model. */
    Data open(TaskKind kind, LoadedModel loaded, long seed, EvaluationOptions evaluation)
            throws IOException {
        Data data = parts(kind, loaded, seed, evaluation);
        if (data.heldOut() != null) {
            data.heldOut().requireItems(loaded.manager());
        }
        return data;
    }

    private Data parts(TaskKind kind, LoadedModel loaded, long seed, EvaluationOptions evaluation)
            throws IOException {
        refuseOthers(kind);
        List<String> own = evaluation.data();
        EvaluationData measured = own == null ? null : measured(kind, loaded, own, seed);
        if (source.tokenIds != null) {
            return new Data(tensors(source.tokenIds, kind, loaded), measured);
        }
        List<String> data = source.data == null ? List.of() : source.data;
        Double fraction = evaluation.fraction();
        if (isText(kind, data)) {
            Corpus corpus = corpus(loaded, data, fraction);
            TrainingData windows =
                    TrainingData.windows(new BatchSampler(corpus.training(), rows(), seed));
            return new Data(
                    windows, fraction == null ? measured : new OrderedWindows(corpus.heldOut()));
        }
        TrainingTask<?> task = task(kind, loaded);
        if (fraction != null) {
            LineSplit split = LineSplit.of(task, files(data), rows(), seed, fraction);
            return new Data(split.training(), split.heldOut());
        }
        return new Data(TrainingData.lines(task, files(data), rows(), seed), measured);
    }

    /** Opens the data of a task to measure a model on all of it. */
    EvaluationData measured(TaskKind kind, LoadedModel loaded, long seed) throws IOException {
        refuseOthers(kind);
        return source.tokenIds != null
                ? tensors(source.tokenIds, kind, loaded)
                : measured(kind, loaded, source.data == null ? List.of() : source.data, seed);
    }

    private EvaluationData measured(TaskKind kind, LoadedModel loaded, List<String> data, long seed)
            throws IOException {
        return isText(kind, data)
                ? new OrderedWindows(
                        corpus(loaded, data, null).training().batches(rows(), loaded.manager()))
                : LineSplit.all(task(kind, loaded), files(data), rows(), seed);
    }

    private void refuseOthers(TaskKind kind) {
        if (kind != TaskKind.EMBEDDING) {
            refuse("The task is " + kind, Map.of("--temperature", temperature != null));
        }
        if (kind != TaskKind.PREFERENCE) {
            refuse("The task is " + kind, preference.given());
        }
    }

    private TensorFile tensors(Path file, TaskKind kind, LoadedModel loaded) throws IOException {
        TrainingTask<?> trained = kind.on(loaded.base(), settings());
        return TensorFile.read(file, kind, trained, loaded.vocabulary(), loaded.manager());
    }

    /** Returns whether data is text, not lines with fields; refuses options it does not heed. */
    private boolean isText(TaskKind kind, List<String> data) throws IOException {
        Map<String, Boolean> heedless = ofText();
        if (kind == TaskKind.CAUSAL) {
            heedless.remove("--strip-headers");
            Path first = Path.of(data.get(0));
            if ((packing && TrainingData.isJsonLines(first)) || TrainingData.hasPrompts(first)) {
                refuse(first + " has lines", Map.of("--strip-headers", stripHeaders));
                return false;
            }
            refuse(first + " has no prompts but texts, cut into windows", heedless);
            return true;
        }
        refuse("The task is " + kind, heedless);
        return false;
    }

    private TrainingTask<?> task(TaskKind kind, LoadedModel loaded) throws IOException {
        TrainingTask<?> task = kind.on(loaded.base(), settings());
        loaded.tokenizer(); // before the data is read, which may take a while
        return task;
    }

    private static List<Path> files(List<String> data) {
        return data.stream().map(Path::of).toList();
    }

    private Corpus corpus(LoadedModel loaded, List<String> data, @Nullable Double fraction)
            throws IOException {
        TextTokenizer tokenizer = loaded.tokenizer();
        Corpus.Cut cut =
                new Corpus.Cut(loaded.vocabulary(), loaded.endOfText(), length(), 0, 0, rows());
        List<Document> documents = new DocumentReader(stripHeaders).read(data);
        return fraction == null
                ? Corpus.of(documents, tokenizer, cut, loaded.manager())
                : Corpus.ofFraction(documents, tokenizer, cut, fraction, loaded.manager());
    }

    /** Returns the file that prescribes the batches, if one does. */
    @Nullable Path tokenIds() {
        return source.tokenIds;
    }

    private TaskSettings settings() {
        return new TaskSettings(
                length(),
                trainOnPrompt,
                packing,
                temperature == null ? DEFAULT_TEMPERATURE : temperature,
                preference.settings());
    }

    private int rows() {
        return batchSize == null ? DEFAULT_ROWS : batchSize;
    }

    private int length() {
        return sequenceLength == null ? DEFAULT_LENGTH : sequenceLength;
    }
}
