package dev.ligature.internal.files;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.peft.AdapterContents;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.peft.Factors;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes versions 1, 2, 3 … of an adapter or of a checkpoint without end, and prints the number of
 * each that is written. Each number in it is that of its version.
 */
final class WriterProcess {
    private WriterProcess() {}

    /**
     * Writes until the process is killed.
     *
     * @param args {@code adapter} or {@code export}, the directory for the output, and for an
     *     export the checkpoint that it is of
     */
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[1]);
        boolean adapter = args[0].equals("adapter");
        for (int version = 1; ; version++) {
            try (NDManager manager = NDManager.newBaseManager()) {
                if (adapter) {
                    writeAdapter(directory, version, manager);
                } else {
                    export(Path.of(args[2]), directory.resolve("v" + version), version, manager);
                }
            }
            System.out.println(version);
        }
    }

    /** Returns the plan of a version, whose alpha says which it is. */
    static LoraPlan plan(int version) {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("q_proj", "v_proj", "embed_tokens")
                        .optEnsureWeightTying(true)
                        .optRank(64)
                        .optLoraAlpha(version)
                        .build();
        return PlanResolver.resolve(config, LlamaLayout.tied());
    }

    static void writeAdapter(Path directory, int version, NDManager manager) throws IOException {
        LoraPlan plan = plan(version);
        Map<PairPlan, Factors> pairs = new LinkedHashMap<>();
        for (PairPlan pair : plan.pairs()) {
            NDArray a = manager.full(new Shape(pair.rank(), pair.in()), (float) version);
            NDArray b = manager.full(new Shape(pair.out(), pair.rank()), (float) version);
            pairs.put(pair, new Factors(a, b));
        }
        AdapterDirectory.write(directory, plan, new AdapterContents(pairs));
    }

    private static void export(Path from, Path to, int version, NDManager manager)
            throws IOException {
        try (BaseCheckpoint base = BaseCheckpoint.open(from)) {
            Map<String, NDArray> replaced = new LinkedHashMap<>();
            for (String name : base.tensorNames()) {
                replaced.put(name, manager.full(base.tensor(name).shape(), (float) version));
            }
            base.export(to, replaced, ExportOptions.defaults());
        }
    }
}
