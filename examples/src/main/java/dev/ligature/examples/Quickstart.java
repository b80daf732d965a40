package dev.ligature.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Adds an adapter to a model of your own, computes with it, saves it and loads it again. */
public final class Quickstart {
    private Quickstart() {}

    /** Runs the example. */
    public static void main(String[] args) throws IOException {
        System.out.print(run(Files.createTempDirectory("quickstart").resolve("adapter")));
    }

    /**
     * Runs the example.
     *
     * @param directory where the adapter is saved; must not exist
     * @return what it found
     */
    static String run(Path directory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            TinyModel model = new TinyModel(100, 16);
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));

            // TinyModelLora was generated from the annotations of TinyModel.
            LoraModel lora = TinyModelLora.wrap(model);
            LoraConfig config =
                    LoraConfig.builder()
                            .setTargetModules(TinyModelLora.DENSE, TinyModelLora.EMBED_TOKENS)
                            .optEnsureWeightTying(true) // the head follows the embedding
                            .optRank(4)
                            .optInit(LoraInit.RANDOM) // or the adapter would do nothing yet
                            .build();
            System.out.println(lora.plan(config).report()); // what it means for this model
            lora.create("first", config);

            NDList ids = new NDList(manager.create(new long[] {1, 2, 3}, new Shape(1, 3)));
            NDArray base = lora.forward(ids, Routing.none()).get(0); // (B, T, V)
            NDArray adapted = lora.forward(ids, Routing.of("first")).get(0); // (B, T, V)

            // The files are PEFT's: adapter_config.json and adapter_model.safetensors.
            lora.save("first", directory);
            lora.load("again", directory);
            NDArray again = lora.forward(ids, Routing.of("again")).get(0); // (B, T, V)

            return "logits "
                    + base.getShape()
                    + "; the adapter changes them: "
                    + !base.equals(adapted)
                    + "; the loaded one gives the same: "
                    + adapted.equals(again)
                    + "\n";
        }
    }
}
