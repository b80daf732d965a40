package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input ends in exit code 2, one line that says what is wrong, and nothing written. */
final class BadInputTest {
    private static final Path BASE = Cases.path("train-tied-adamw", "base");
    private static final Path ADAPTER = Cases.path("train-tied-adamw", "init");
    private static final Path DEMO = Path.of("..", "examples", "demo", "base");
    private static final Path TOKENIZER = DEMO.resolve("tokenizer.json");

    @TempDir Path folder;
    @TempDir Path inputs;
    private Path output = Path.of("");

    @BeforeEach
    void nameAnOutput() {
        output = folder.resolve("output");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        assertEquals("", Cases.list(folder));
    }

    @Test
    void aCommandLineThatCannotBe_isRefused() {
        CliRun.of().refused("ligature: Name a command");
        CliRun.of("inspct").refused("inspct");
        CliRun.of("inspect").refused("ligature inspect: ", "--model=DIR");
        CliRun.of("inspect", "--model", BASE, "--jsn").refused("--jsn");
        CliRun.of("merge", "--modle", BASE).refused("Unknown option: '--modle'", "mean --model?");
        CliRun.of("train", "--model", BASE, "--output", output)
                .refused("--data=FILE", "--token-ids=F");
        CliRun.of("train", "--model", BASE, "--output", output, "--data", "a", "--token-ids", "b")
                .refused("mutually exclusive");
    }

    @Test
    void aModelThatIsNone_isRefused() throws IOException {
        Path file = Files.writeString(inputs.resolve("file"), "x");
        logits("1", inputs.resolve("none")).refused("none does not exist.");
        logits("1", file).refused("file is not a directory.");
        logits("1", inputs).refused("[ConfigMissing]", "config.json");

        Path copy = copyOfBase();
        Files.delete(copy.resolve("model.safetensors"));
        logits("1", copy).refused("model.safetensors");
    }

    @Test
    void aModelThatIsDamagedOrOfAnotherShape_isRefused() throws IOException {
        Path copy = copyOfBase();
        Path weights = copy.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(bytes, bytes.length - 10));
        logits("1", copy).refused("model.safetensors");

        Files.write(weights, bytes);
        String config = Files.readString(copy.resolve("config.json"));
        write(copy, config.replace("\"intermediate_size\": 40", "\"intermediate_size\": 41"));
        logits("1", copy).refused("mlp.", "(40, 24)", "(41, 24)");
        write(copy, config.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
        logits("1", copy).refused("model.layers.2.");
        write(copy, config.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
        logits("1", copy).refused("model.layers.1.");
    }

    @Test
    void aConfigurationThatTheModelDoesNotCompute_isRefused() throws IOException {
        Path copy = copyOfBase();
        String config = Files.readString(copy.resolve("config.json"));

        write(copy, config.replace("\"llama\"", "\"mamba\""));
        logits("1", copy).refused("model_type", "mamba");
        write(copy, config.replace("\"rope_type\": \"default\"", "\"rope_type\": \"yarn\""));
        logits("1", copy).refused("yarn");
        write(copy, config.replace("\"silu\"", "\"gelu\""));
        logits("1", copy).refused("hidden_act", "gelu");
        write(copy, config.substring(20));
        logits("1", copy).refused("config.json");
    }

    @Test
    void tokenIdsThatCannotBe_areRefused() {
        logits("1,67", BASE).refused("token id 67", "0 to 66");
        logits("-1", BASE).refused("token id -1");
        logits("1,x", BASE).refused("'x'");
        logits("", BASE).refused("''");
        logits("1,2;3", BASE).refused("rows of different lengths");
    }

    @Test
    void anAdapterThatIsNoneOrDoesNotFit_isRefused() throws IOException {
        adapted(inputs.resolve("none")).refused("none does not exist");
        adapted(BASE).refused("adapter_config.json");
        Path wide = Files.createDirectory(inputs.resolve("wide"));
        String config = Files.readString(ADAPTER.resolve("adapter_config.json"));
        Files.writeString(
                wide.resolve("adapter_config.json"), config.replace("\"r\": 4", "\"r\": 5"));
        Files.copy(
                ADAPTER.resolve("adapter_model.safetensors"),
                wide.resolve("adapter_model.safetensors"));
        adapted(wide).refused("adapter_model.safetensors", "lora_", "(4, ", "(5, ");
        CliRun.of(
                        "logits",
                        "--model",
                        Cases.path("llama-tied-diverged", "base"),
                        "--adapter",
                        Cases.path("llama-tied-diverged", "adapter"),
                        "--input-ids",
                        "1",
                        "--output",
                        output)
                .refused("embed_tokens", "lm_head", "differ by up to");
    }

    @Test
    void anOutputThatExists_isLeftAlone() throws IOException {
        Path there = Files.writeString(inputs.resolve("there"), "mine");
        Path partial = Files.createDirectory(inputs.resolve("run.partial"));

        CliRun.of("logits", "--model", BASE, "--input-ids", 1, "--output", there)
                .refused("there exists already");
        CliRun.of("merge", "--model", BASE, "--adapter", ADAPTER, "--output", inputs)
                .refused("exists already");
        train("--output", inputs).refused("exists already");
        train("--output", inputs.resolve("run")).refused("run.partial exists");
        CliRun.of("pretrain", "--tokenizer", TOKENIZER, "--data", TOKENIZER, "--output", inputs)
                .refused("exists already");
        CliRun.of("logits", "--model", BASE, "--input-ids", 1, "--output", folder + "/no/file")
                .refused("no does not exist");
        assertEquals("mine", Files.readString(there));
        assertEquals("", Cases.list(partial));
    }

    @Test
    void batchesThatCannotBe_areRefused() throws IOException {
        Path file = inputs.resolve("b.safetensors");
        tokenIds(inputs.resolve("none")).refused("none");
        tokenIds(Files.writeString(inputs.resolve("text"), "no safetensors")).refused("text");
        tokenIds(BASE.resolve("model.safetensors")).refused("batches");
        tokenIds(Cases.batches(file, 67, 2, 1, 3)).refused("token id 67");
        tokenIds(Cases.batches(file, 1, 2, 3)).refused("(2, 3)", "(steps, B, T)");
        tokenIds(Cases.batches(file, 1, 2, 3, 1)).refused("rows of one token");
        tokenIds(Cases.batches(file, 1, 2, 1, 3), "--steps", 3).refused("2 batches");
        tokenIds(file, "--batch-size", 3).refused("--batch-size");
    }

    @Test
    void textThatCannotBeRead_isRefused() throws IOException {
        data(inputs.resolve("none")).refused("none does not exist");
        data(Files.write(inputs.resolve("latin"), new byte[] {(byte) 0xE9})).refused("UTF-8");
        data(Files.createDirectory(inputs.resolve("empty"))).refused("holds no text");
        data(Files.writeString(inputs.resolve("d.csv"), "a,b"))
                .refused("d.csv holds records", "JSONL");
        data(Files.writeString(inputs.resolve("d.jsonl"), "{\"a\": 1}"))
                .refused("d.jsonl, line 1: ", "the field text is missing");
        data(Files.writeString(inputs.resolve("short"), "few tokens"))
                .refused("--sequence-length 128");
        train("--output", output, "--data", TOKENIZER)
                .refused("[TokenizerFile] There is no ", "/base/tokenizer.json.");
    }

    @Test
    void adapterOptionsThatCannotBe_areRefused() throws IOException {
        Path json = Files.writeString(inputs.resolve("c.json"), "{\"peft_type\": \"IA3\"}");
        tokenIds("--r", 0).refused("r is 0");
        tokenIds("--r", "x").refused("--r", "'x'");
        tokenIds("--lora-dropout", 1.5).refused("1.5");
        tokenIds("--init-lora-weights", "piza").refused("--init-lora-weights is 'piza'");
        tokenIds("--target-modules", "q_porj").refused("q_porj", "Did you mean q_proj");
        tokenIds("--target-modules", "norm").refused("norm");
        tokenIds("--adapter-config", json).refused("c.json", "IA3");
        tokenIds("--adapter-config", inputs.resolve("none")).refused("none");
        tokenIds("--target-modules", ".*(q_proj").refused("q_proj");
        tokenIds("--init-adapter", ADAPTER, "--r", 4).refused("--init-adapter", "--r");
        tokenIds("--init-adapter", ADAPTER, "--adapter-config", json)
                .refused("--init-adapter", "--adapter-config");
        tokenIds("--init-adapter", inputs.resolve("none")).refused("none");
    }

    @Test
    void numbersThatCannotBe_areRefused() throws IOException {
        tokenIds("--steps", 0).refused("--steps is 0");
        tokenIds("--partitions", 0).refused("--partitions is 0");
        tokenIds("--partitions", 3, "--accumulation", 2)
                .refused("--partitions is 3", "a step has 2 batches");
        tokenIds("--learning-rate", 0).refused("--learning-rate is 0");
        tokenIds("--learning-rate", "NaN").refused("--learning-rate is NaN");
        tokenIds("--weight-decay", -1).refused("--weight-decay is -1");
        tokenIds("--max-grad-norm", 0).refused("--max-grad-norm is 0");
        tokenIds("--optimizer", "lion").refused("lion", "ADAMW");
        generate("--temperature", -1).refused("--temperature is -1");
        generate("--top-p", 0).refused("--top-p is 0");
        generate("--top-k", -1).refused("--top-k is -1");
        generate("--min-p", 1.5).refused("--min-p is 1.5");
        generate("--repetition-penalty", 0).refused("--repetition-penalty is 0");
        generate("--max-new-tokens", 0).refused("--max-new-tokens is 0");
        generate("--max-new-tokens", 600).refused("512");
        generate("--prompt", "").refused("--prompt");
        generate("--weights", "int4").refused("expected one of fp32, bf16, int8 but was 'int4'");
        merge("--dtype", "int8").refused("int8", "float16");
        pretrain("--heads", 3).refused("num_attention_heads");
        pretrain("--end-of-text", "</s>").refused("</s>", "<|endoftext|>");
        pretrain("--warmup-steps", 4000).refused("--warmup-steps");
        pretrain("--config", BASE.resolve("config.json")).refused("67", "4096");
        pretrain("--config", BASE.resolve("config.json"), "--layers", 1).refused("--config");
        CliRun.of("pretrain", "--tokenizer", json("{}"), "--data", "a", "--output", output)
                .refused("is not a tokenizer");
        CliRun.of("demo", "--steps", 0).refused("--steps is 0");
    }

    private CliRun logits(String ids, Path model) {
        return CliRun.of("logits", "--model", model, "--input-ids", ids, "--output", output);
    }

    private CliRun adapted(Path adapter) {
        return CliRun.of(
                "logits",
                "--model",
                BASE,
                "--adapter",
                adapter,
                "--input-ids",
                "1",
                "--output",
                output);
    }

    private CliRun train(Object... more) {
        return run(
                List.of("train", "--model", BASE),
                List.of(more).contains("--data")
                        ? new Object[0]
                        : new Object[] {"--token-ids", inputs.resolve("none")},
                more);
    }

    private CliRun tokenIds(Path file, Object... more) {
        return run(
                List.of("train", "--model", BASE, "--output", output),
                new Object[] {"--token-ids", file},
                more);
    }

    private CliRun tokenIds(String option, Object... more) throws IOException {
        Path file = Cases.batches(inputs.resolve("good.safetensors"), 1, 2, 1, 3);
        return run(
                List.of("train", "--model", BASE, "--output", output),
                new Object[] {"--token-ids", file, option},
                more);
    }

    private CliRun data(Path file) {
        return CliRun.of("train", "--model", DEMO, "--output", output, "--data", file);
    }

    private CliRun generate(Object... more) {
        return run(
                List.of("generate", "--model", DEMO),
                List.of(more).contains("--prompt") ? new Object[0] : new Object[] {"--prompt", "a"},
                more);
    }

    private CliRun merge(Object... more) {
        return run(
                List.of("merge", "--model", BASE, "--adapter", ADAPTER, "--output", output),
                new Object[0],
                more);
    }

    private CliRun pretrain(Object... more) {
        return run(
                List.of("pretrain", "--tokenizer", TOKENIZER, "--output", output),
                new Object[] {"--data", TOKENIZER},
                more);
    }

    private static CliRun run(List<Object> first, Object[] then, Object[] more) {
        List<Object> args = new ArrayList<>(first);
        Collections.addAll(args, then);
        Collections.addAll(args, more);
        return CliRun.of(args.toArray());
    }

    private Path json(String text) throws IOException {
        return Files.writeString(inputs.resolve("some.json"), text);
    }

    private static void write(Path model, String config) throws IOException {
        Files.writeString(model.resolve("config.json"), config);
    }

    private Path copyOfBase() throws IOException {
        Path copy = Files.createDirectories(inputs.resolve("copy"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(BASE.resolve(name), copy.resolve(name));
        }
        return copy;
    }
}
