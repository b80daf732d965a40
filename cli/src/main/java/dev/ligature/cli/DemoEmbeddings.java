package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.Routing;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The demo of embeddings: trains, measures and checks, and prints what comes of it.
 *
 * @param terminal where to print
 * @param stop whether to stop
 * @param steps the steps of each training
 * @param rows the pairs of a batch
 * @param learningRate the greatest rate
 */
record DemoEmbeddings(
        Terminal terminal, StopSignal stop, int steps, int rows, double learningRate) {
    private static final int MOST_TOKENS = 32;
    private static final int FIRST = 10;
    private static final String RELOADED = "reloaded";

    /** |a − b| ≤ ε. */
    private static final double EPSILON = 1e-5;

    /**
     * Runs the demo.
     *
     * @param model the directory of an embedding model
     * @param learnt what to train on
     * @param heldOut what to measure on
     * @param folder where to save adapters
     * @return whether all checks passed, or it was stopped
     */
    boolean run(Path model, List<ApiPair> learnt, List<ApiPair> heldOut, Path folder)
            throws IOException {
        long begin = System.nanoTime();
        try (LoadedModel loaded = LoadedModel.open(model);
                ApiSearch search = new ApiSearch(loaded.base(), heldOut, MOST_TOKENS)) {
            introduce(loaded, learnt, heldOut);
            List<ApiSearch.Index> indexes = compare(loaded, learnt, search, folder);
            if (stop.isRaised()) {
                return true;
            }
            boolean better = better(indexes);
            boolean mixed = answer(loaded, heldOut, search, indexes);
            boolean reloaded = reload(loaded, heldOut, folder);
            print("%n%.0f seconds in all%n", (System.nanoTime() - begin) / 1e9);
            return better && mixed && reloaded;
        }
    }

    private void introduce(LoadedModel loaded, List<ApiPair> learnt, List<ApiPair> heldOut) {
        print(
                """
                Finds a method by the first sentence of its documentation.

                base      a BERT of %,d parameters, in float32
                training  %d steps of %d pairs, out of %,d, each with the answers of the others
                measured  on %,d methods of a library that is not trained on

                """,
                LoadedModel.parameterCount(loaded.base().block()),
                steps,
                Math.min(rows, learnt.size()),
                learnt.size(),
                heldOut.size());
    }

    /** Prints the table; returns what the base and each adapter find. */
    private List<ApiSearch.Index> compare(
            LoadedModel loaded, List<ApiPair> learnt, ApiSearch search, Path folder)
            throws IOException {
        TextTable table = new TextTable("", "recall@1", "recall@10", "MRR", "parameters", "file");
        List<ApiSearch.Index> indexes = new ArrayList<>();
        indexes.add(search.index(Routing.none()));
        addRow(table, "base", indexes.get(0), "0", "");
        DemoEmbeddingTraining training =
                new DemoEmbeddingTraining(
                        loaded,
                        learnt,
                        MOST_TOKENS,
                        Math.min(rows, learnt.size()),
                        steps,
                        learningRate);
        for (DemoRecipe recipe : DemoEmbeddingTraining.RECIPES) {
            if (!stop.isRaised()) {
                training.run(recipe, terminal, stop);
                Path saved = folder.resolve(recipe.adapter());
                loaded.lora().save(recipe.adapter(), saved);
                indexes.add(search.index(Routing.of(recipe.adapter())));
                addRow(
                        table,
                        recipe.label(),
                        indexes.get(indexes.size() - 1),
                        number(
                                loaded.lora()
                                        .adapter(recipe.adapter())
                                        .plan()
                                        .trainableParameters()),
                        number(Files.size(saved.resolve("adapter_model.safetensors")) / 1024)
                                + " KiB");
            }
        }
        print("%s%n", table);
        return indexes;
    }

    private static void addRow(
            TextTable table, String label, ApiSearch.Index index, String parameters, String file) {
        table.add(
                label,
                String.format(Locale.ROOT, "%.3f", index.recall(1)),
                String.format(Locale.ROOT, "%.3f", index.recall(FIRST)),
                String.format(Locale.ROOT, "%.3f", index.meanReciprocalRank()),
                parameters,
                file);
    }

    private boolean better(List<ApiSearch.Index> indexes) {
        double base = indexes.get(0).meanReciprocalRank();
        boolean better =
                indexes.stream().skip(1).allMatch(index -> index.meanReciprocalRank() > base);
        print("better than base  %s both adapters have a higher MRR%n", verdict(better));
        return better;
    }

    /** Answers one question through the base and the adapters, each in a row of one batch. */
    private boolean answer(
            LoadedModel loaded,
            List<ApiPair> heldOut,
            ApiSearch search,
            List<ApiSearch.Index> indexes)
            throws IOException {
        int chosen = telling(indexes);
        ApiPair pair = heldOut.get(chosen);
        List<String> names = new ArrayList<>(List.of(Routing.BASE));
        DemoEmbeddingTraining.RECIPES.forEach(recipe -> names.add(recipe.adapter()));
        TextTable table = new TextTable("", "rank of the right answer", "first answer");
        boolean same = true;
        try (NDManager scope = loaded.manager().newSubManager()) {
            NDArray rows = embed(loaded, Routing.rows(names), pair.question(), names.size(), scope);
            for (int row = 0; row < names.size(); row++) {
                NDArray mixed = rows.get(new NDIndex("{}", row)); // (d)
                Routing alone = row == 0 ? Routing.none() : Routing.of(names.get(row));
                float[] expected = embed(loaded, alone, pair.question(), 1, scope).toFloatArray();
                same &= near(expected, mixed.toFloatArray());
                table.add(
                        row == 0 ? "base" : DemoEmbeddingTraining.RECIPES.get(row - 1).label(),
                        number(indexes.get(row).ranks().get(chosen)),
                        search.nearest(mixed, indexes.get(row)).answer());
            }
        }
        print("one mixed batch   %s each row gives what it gives alone%n", verdict(same));
        print(
                "%nThe first question that the base does not answer and both adapters do:%n%n"
                        + "    %s%n    %s%n%n%s",
                pair.question(), pair.answer(), table);
        return same;
    }

    /** Returns the first question that only the adapters answer; if there is none, the first. */
    private static int telling(List<ApiSearch.Index> indexes) {
        List<Integer> base = indexes.get(0).ranks();
        for (int question = 0; question < base.size(); question++) {
            int at = question;
            if (base.get(question) > 1
                    && indexes.stream().skip(1).allMatch(index -> index.ranks().get(at) == 1)) {
                return question;
            }
        }
        return 0;
    }

    /** Loads what was saved, and compares embeddings bit for bit. */
    private boolean reload(LoadedModel loaded, List<ApiPair> heldOut, Path folder)
            throws IOException {
        boolean same = true;
        String text = heldOut.get(0).question();
        for (DemoRecipe recipe : DemoEmbeddingTraining.RECIPES) {
            loaded.lora().load(RELOADED, folder.resolve(recipe.adapter()));
            try (NDManager scope = loaded.manager().newSubManager()) {
                same &=
                        Arrays.equals(
                                embed(loaded, Routing.of(recipe.adapter()), text, 1, scope)
                                        .toFloatArray(),
                                embed(loaded, Routing.of(RELOADED), text, 1, scope).toFloatArray());
            }
            loaded.lora().remove(RELOADED);
        }
        print("%nsaved and loaded  %s gives identical embeddings%n", verdict(same));
        return same;
    }

    private static NDArray embed(
            LoadedModel loaded, Routing routing, String text, int rows, NDManager scope)
            throws IOException {
        TextEmbedder embedder = TextEmbedder.of(loaded.base(), routing);
        return embedder.embed(embedder.encode(Collections.nCopies(rows, text), MOST_TOKENS), scope);
    }

    private static boolean near(float[] expected, float[] actual) {
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= EPSILON)) {
                return false;
            }
        }
        return expected.length == actual.length;
    }

    private static String verdict(boolean held) {
        return held ? "yes:" : "NO:";
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private void print(String format, Object... values) {
        terminal.out().print(String.format(Locale.ROOT, format, values));
        terminal.out().flush();
    }
}
