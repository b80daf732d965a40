package dev.ligature.benchmarks.start;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.ops.OperatorLookup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The process whose start is measured. It prints what its phases took. */
final class StartedProcess {
    /** Everything that a program does for a token, each part by itself. */
    static final String PARTS = "parts";

    /** A program as people write it. */
    static final String WHOLE = "whole";

    /** The engine, and arrays of the file's tensors, without a model and without checks. */
    static final String ARRAYS = "arrays";

    /** What is continued; a word is a token. */
    static final String PROMPT = " w300 w301 w302 w303 w304 w305 w306 w307";

    private static final String ADAPTER = "adapter";
    private static final LoadOptions IN_FP32 =
            LoadOptions.defaults().withDataType(DataType.FLOAT32);

    private final Phases phases;
    private final Path directory;
    private final List<Path> adapters;

    private StartedProcess(Phases phases, Path directory, List<Path> adapters) {
        this.phases = phases;
        this.directory = directory;
        this.adapters = adapters;
    }

    /**
     * Runs.
     *
     * @param arguments what to do, when the process was started, the directory of a model, and that
     *     of an adapter if there is one
     */
    public static void main(String[] arguments) throws IOException {
        Phases phases = new Phases(Long.parseLong(arguments[1]));
        phases.end("Java starts");
        StartedProcess process =
                new StartedProcess(
                        phases,
                        Path.of(arguments[2]),
                        List.of(arguments).subList(3, arguments.length).stream()
                                .map(Path::of)
                                .toList());
        switch (arguments[0]) {
            case PARTS -> process.parts();
            case WHOLE -> process.whole();
            case ARRAYS -> process.arrays();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        phases.print();
    }

    private NDManager engine() {
        NDManager manager = NDManager.newBaseManager();
        manager.zeros(new Shape(1)).close();
        phases.end("DJL loads its engine");
        return manager;
    }

    private void parts() throws IOException {
        try (NDManager manager = engine()) {
            OperatorLookup.engine(manager);
            phases.end("operators check themselves");
            parts(ModelFamily.of(directory), manager);
        }
    }

    private <M extends Block> void parts(ModelFamily<M> family, NDManager manager)
            throws IOException {
        family.create(directory);
        phases.end("configuration, blocks without weights");
        M model = family.load(directory, manager, IN_FP32);
        phases.end("weights, looked through");
        DecoderShape shape = family.decoder(model).orElseThrow();
        LoraModel lora = LoraModel.wrap(model, family.visit());
        phases.end("wrapping for adapters");
        for (Path adapter : adapters) {
            lora.load(ADAPTER, adapter, AdapterLoadOptions.defaults());
            phases.end("adapter");
        }
        try (TextTokenizer tokenizer = TextTokenizer.open(directory.resolve("tokenizer.json"))) {
            long[] prompt = tokenizer.encodePrompt(PROMPT);
            phases.end("tokenizer");
            generate(new TextGenerator(lora.routed(routing()), shape, manager), prompt);
            phases.end("first token");
        }
        lora.close();
    }

    private void whole() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(directory, IN_FP32)) {
            for (Path adapter : adapters) {
                model.loadAdapter(ADAPTER, adapter, AdapterLoadOptions.defaults());
            }
            phases.end("model");
            long[] prompt = model.tokenizer().encodePrompt(PROMPT);
            phases.end("tokenizer");
            generate(TextGenerator.of(model, routing()), prompt);
            phases.end("first token");
        }
    }

    private void arrays() throws IOException {
        try (NDManager manager = engine();
                BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            phases.end("headers of the files");
            for (Path file : WeightFiles.of(directory)) {
                try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                    for (String name : reader.tensors().keySet()) {
                        NDArray array = reader.map(name, manager);
                        array.setName(name);
                    }
                }
            }
            phases.end("arrays, not looked through, of " + checkpoint.tensorNames().size());
        }
    }

    private Routing routing() {
        return adapters.isEmpty() ? Routing.none() : Routing.of(ADAPTER);
    }

    private static void generate(TextGenerator generator, long[] prompt) {
        generator.generate(List.of(prompt), GenerationOptions.greedy(1), TokenListener.NONE);
    }
}
