package dev.ligature.cli;

import dev.ligature.models.ModelTask;
import dev.ligature.models.generation.EncoderDecoderGenerator;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.text.TextStream;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Continues a text. */
@Command(
        name = "generate",
        description = {
            "Continues a text, or answers it with an encoder-decoder such as T5.",
            "What is added goes to standard output as it is made."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
    private final Terminal terminal;
    private final StopSignal stop;

    @Mixin private ModelOptions options = new ModelOptions();

    @Option(
            names = "--prompt",
            required = true,
            paramLabel = "TEXT",
            description = "The text to continue.")
    private String prompt = "";

    @Option(
            names = "--max-new-tokens",
            defaultValue = "100",
            paramLabel = "N",
            description = "The most tokens to add. Default: 100.")
    private int maxNewTokens;

    @Mixin private SamplingOptions sampling = new SamplingOptions();

    GenerateCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        OptionChecks.atLeast("--max-new-tokens", maxNewTokens, 1);
        sampling.check();
        try (LoadedModel loaded = LoadedModel.open(options)) {
            boolean answers = loaded.base().task() == ModelTask.SEQ_2_SEQ_LM;
            if (!answers) {
                loaded.base().decoder(); // or it is an error, before anything else is
            }
            TextTokenizer tokenizer = loaded.tokenizer();
            long[] ids = tokenizer.encodePrompt(prompt);
            if (ids.length == 0) {
                throw new BadInputException("--prompt has no tokens. Give a text to continue.");
            }
            TokenIds.check(ids, loaded.vocabulary(), tokenizer);
            loaded.warn(terminal);
            TextStream text = new TextStream(tokenizer, answers ? new long[0] : ids);
            GenerationOptions how =
                    sampling.on(
                            GenerationOptions.greedy(maxNewTokens)
                                    .withStopIds(loaded.tokens().stops()));
            TokenListener listener = (row, id) -> terminal.print(text.add(id), stop);
            if (answers) {
                EncoderDecoderGenerator.of(loaded.base(), loaded.routing())
                        .generate(List.of(ids), how, listener);
            } else {
                TextGenerator.of(loaded.base(), loaded.routing())
                        .generate(List.of(ids), how, listener);
            }
            terminal.print(text.finish() + System.lineSeparator(), stop);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return 0;
    }
}
