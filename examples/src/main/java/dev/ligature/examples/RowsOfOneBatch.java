package dev.ligature.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Computes one batch whose rows go through different adapters, or through none. */
public final class RowsOfOneBatch {
    /** In fewer bits, rounding shows more. */
    private static final LoadOptions IN_FP32 =
            LoadOptions.defaults().withDataType(DataType.FLOAT32);

    private RowsOfOneBatch() {}

    /**
     * Runs the example.
     *
     * @param args the base model's directory, and two adapters'
     */
    public static void main(String[] args) throws IOException {
        System.out.println(
                "largest differences to each row alone: "
                        + run(Path.of(args[0]), Path.of(args[1]), Path.of(args[2])));
    }

    /**
     * Compares the rows of a mixed batch with each row computed alone.
     *
     * @param base a Hugging Face directory
     * @param first an adapter
     * @param second another adapter
     * @return for each row the largest difference of its logits
     */
    static List<Float> run(Path base, Path first, Path second) throws IOException {
        try (PretrainedModel model = PretrainedModel.load(base, IN_FP32);
                NDManager scope = model.manager().newSubManager()) {
            model.lora().load("first", first);
            model.lora().load("second", second);
            List<String> rows = List.of("first", Routing.BASE, "second", "first");
            NDArray ids =
                    scope.create(
                            new long[][] {{5, 6, 7}, {5, 6, 7}, {5, 6, 7}, {8, 9, 10}}); // (B, T)

            NDArray mixed = logits(model, ids, Routing.rows(rows)); // (B, T, V)

            List<Float> differences = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                String name = rows.get(i);
                Routing routing = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
                NDIndex row = new NDIndex(i + ":" + (i + 1));
                NDArray alone = logits(model, ids.get(row), routing); // (1, T, V)
                differences.add(alone.sub(mixed.get(row)).abs().max().getFloat());
            }
            return differences;
        }
    }

    private static NDArray logits(PretrainedModel model, NDArray ids, Routing routing) {
        return model.lora().forward(new NDList(ids), routing).get(0);
    }
}
