package dev.ligature.cli;

import dev.ligature.models.onnx.BertImport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes a Hugging Face directory of an encoder in ONNX. */
@Command(
        name = "import-onnx",
        description = {
            "Writes a Hugging Face directory of a BERT encoder in ONNX.",
            "It was exported in fp32, such as all-MiniLM-L6-v2. Embeddings are the mean of the",
            "hidden states, normalised."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ImportOnnxCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Option(
            names = "--file",
            required = true,
            paramLabel = "F",
            description = "The ONNX file, or a jar or zip archive with it and its tokenizer.json.")
    private Path file = Path.of("");

    @Option(
            names = "--tokenizer",
            paramLabel = "F",
            description = "The tokenizer.json. Default: the one beside the ONNX file.")
    private @Nullable Path tokenizer;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The directory to write; must not exist.")
    private Path output = Path.of("");

    ImportOnnxCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        WorkDirectory.requireAbsent(output);
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".jar") || name.endsWith(".zip")) {
            if (tokenizer != null) {
                throw new BadInputException(
                        "--tokenizer is for an ONNX file; of an archive its own is read. Leave out"
                                + " --tokenizer.");
            }
            BertImport.writeArchive(file, output);
        } else {
            Path beside = tokenizer == null ? file.resolveSibling("tokenizer.json") : tokenizer;
            if (!Files.isRegularFile(beside)) {
                throw new BadInputException(
                        beside + " does not exist. Name the tokenizer.json with --tokenizer.");
            }
            BertImport.write(file, beside, output);
        }
        terminal.note("written to " + output);
        return 0;
    }
}
