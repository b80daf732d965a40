package dev.ligature.internal.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import dev.ligature.LoraModel;
import dev.ligature.Numbers;
import dev.ligature.OneLayer;
import dev.ligature.Routing;
import dev.ligature.ToyModel;
import dev.ligature.ToyTest;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.route.RoutedBlock;
import dev.ligature.internal.rows.BatchRule.Way;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches whose rows go through different adapters, on seeded random ranks and routings. */
final class MixedBatchTest extends ToyTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int ROUNDS = SOAK ? 400 : 12;
    private static final int THREADS = 8;
    private static final int REQUESTS = SOAK ? 200 : 25;
    private static final int ADAPTERS = 64;
    private static final List<String[]> TARGETS =
            List.of(
                    new String[] {"embed"},
                    new String[] {"proj"},
                    new String[] {"head"},
                    new String[] {"embed", "proj"},
                    new String[] {"embed", "proj", "head"});

    @Test
    void aMixedBatch_isWhatItsRowsAreAlone_forAnyRanksAndRoutings() {
        Set<Way> seen = EnumSet.noneOf(Way.class);
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(round);
            for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64)) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    ToyModel model = ToyModel.create(random.nextBoolean(), scope, type);
                    LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
                    List<String> names = randomAdapters(lora, random, 1 + random.nextInt(8), 24);
                    for (int n = 0; n < 5; n++) {
                        NDArray batch = randomIds(random, scope);
                        List<String> rows = randomRows(names, random, (int) batch.size(0));
                        seen.addAll(ways(lora, rows));
                        checkRowByRow(lora, batch, rows);
                    }
                    lora.unwrap();
                }
            }
        }
        assertEquals(EnumSet.allOf(Way.class), seen);
    }

    private void checkRowByRow(LoraModel lora, NDArray batch, List<String> rows) {
        try (NDManager scope = NDManager.newBaseManager()) {
            NDArray ids = batch.stopGradient();
            ids.attach(scope);
            NDArray mixed = lora.forward(store, new NDList(ids), Routing.rows(rows)).head();
            assertFalse(mixed.hasGradient());
            for (int row = 0; row < rows.size(); row++) {
                NDArray one = ids.get(new NDIndex().addSliceDim(row, row + 1));
                String name = rows.get(row);
                Routing alone = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
                NDArray expected = lora.forward(store, new NDList(one), alone).head();
                NDArray found = mixed.get(new NDIndex().addSliceDim(row, row + 1));
                Numbers.assertClose(Numbers.matrix(expected), found, 1e-5);
            }
        }
    }

    private static Set<Way> ways(LoraModel lora, List<String> rows) {
        Set<Way> ways = EnumSet.noneOf(Way.class);
        for (SlotPlan plan :
                ((PerRowRoute) ((RoutedBlock) lora.routed(Routing.rows(rows))).route())
                        .plan()
                        .bySlot()) {
            if (plan instanceof SlotPlan.Together together) {
                ways.add(together.way());
            } else if (plan instanceof SlotPlan.Segments
                    || plan instanceof SlotPlan.AddedSegments) {
                ways.add(Way.SEGMENTS);
            }
        }
        return ways;
    }

    /** Makes adapters of random targets and ranks; ranks far apart where the seed says so. */
    private static List<String> randomAdapters(
            LoraModel lora, Random random, int count, int largest) {
        boolean apart = random.nextInt(3) == 0;
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int rank = apart ? (i == 0 ? 64 : 1) : 1 + random.nextInt(largest);
            LoraConfig.Builder config =
                    switch (random.nextInt(12)) {
                        case 0 -> config("proj").optUseDora(true);
                        case 1 -> config("proj").optLoraBias(true);
                        case 2 -> config("proj").optInit(LoraInit.OLORA);
                        case 3 -> config("proj").optModulesToSave("head");
                        case 4 -> config("embed").optModulesToSave("proj");
                        case 5 -> config("proj").optBias(BiasMode.LORA_ONLY);
                        case 6 -> config("proj").optTrainableTokenIndices(0, 3);
                        default ->
                                config(TARGETS.get(random.nextInt(TARGETS.size())))
                                        .optEnsureWeightTying(random.nextBoolean() && isTied(lora));
                    };
            int limit = config.build().init().equals(LoraInit.OLORA) ? ToyModel.D : rank;
            rank = Math.min(rank, limit);
            AdapterState adapter =
                    (AdapterState)
                            lora.create(
                                    "a" + i,
                                    config.optRank(rank)
                                            .optLoraAlpha(rank * (0.5 + random.nextDouble()))
                                            .build());
            scramble(adapter, 7 * i + 1);
            adapter.setTrainable(false);
            names.add(adapter.name());
        }
        return names;
    }

    private static boolean isTied(LoraModel lora) {
        return ((ToyModel) lora.base()).tied;
    }

    private static NDArray randomIds(Random random, NDManager manager) {
        long rows = random.nextLong(1, 10);
        Shape shape =
                switch (random.nextInt(3)) {
                    case 0 -> new Shape(rows);
                    case 1 -> new Shape(rows, random.nextLong(1, 5));
                    default -> new Shape(rows, 2, random.nextLong(1, 4));
                };
        long[] ids = random.longs(shape.size(), 0, ToyModel.V).toArray();
        return manager.create(ids, shape);
    }

    private static List<String> randomRows(List<String> names, Random random, int count) {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < count; row++) {
            boolean base = random.nextInt(5) == 0;
            rows.add(base ? Routing.BASE : names.get(random.nextInt(names.size())));
        }
        if (random.nextInt(3) == 0) {
            rows.sort(null); // the rows of one adapter next to each other
        }
        return rows;
    }

    @Test
    void convolutions_mixToo() {
        Map<Block, Shape> layers = new LinkedHashMap<>();
        layers.put(
                Conv2d.builder().setKernelShape(new Shape(3, 2)).setFilters(6).build(),
                new Shape(5, 4, 5, 6));
        layers.put(
                Conv1d.builder().setKernelShape(new Shape(3)).setFilters(4).optGroups(2).build(),
                new Shape(5, 4, 9));
        for (Map.Entry<Block, Shape> layer : layers.entrySet()) {
            Shape shape = layer.getValue();
            OneLayer model =
                    OneLayer.create(layer.getKey(), Map.of(), manager, DataType.FLOAT32, shape);
            LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
            for (int i = 0; i < 3; i++) {
                AdapterState adapter =
                        (AdapterState)
                                lora.create("a" + i, config("layer").optRank(2 + 2 * i).build());
                scramble(adapter, i + 1);
                adapter.setTrainable(false);
            }
            NDArray x = manager.create(Numbers.fill(shape, 3), shape);
            checkRowByRow(lora, x, List.of("a0", "a2", Routing.BASE, "a0", "a1"));
            checkRowByRow(lora, x, List.of("a0", "a0", Routing.BASE, "a2", "a2"));
        }
    }

    @Test
    void aHalfBase_takesMixedBatches_inEachWay() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT16);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        for (int rank : new int[] {2, 20, 24, 500}) {
            AdapterState adapter =
                    (AdapterState)
                            lora.create("r" + rank, config("embed", "proj").optRank(rank).build());
            scramble(adapter, rank);
            adapter.setTrainable(false);
        }
        NDArray ids = manager.create(new long[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2));
        for (List<String> rows :
                List.of(
                        List.of("r2", Routing.BASE, "r2"),
                        List.of("r20", "r2", "r24"),
                        List.of("r2", "r500", "r2"))) {
            NDArray mixed = lora.forward(store, new NDList(ids), Routing.rows(rows)).head();
            assertFalse(mixed.hasGradient());
            assertEquals(DataType.FLOAT16, mixed.getDataType());
            for (int row = 0; row < 3; row++) {
                String name = rows.get(row);
                NDList one = new NDList(ids.get(new NDIndex().addSliceDim(row, row + 1)));
                Routing alone = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
                NDArray found = mixed.get(new NDIndex().addSliceDim(row, row + 1));
                // Half precision keeps 11 bits; three layers lose a few of them.
                Numbers.assertClose(
                        Numbers.matrix(lora.forward(store, one, alone).head()), found, 4e-3);
            }
        }
    }

    @Test
    void trainingAnAdapter_isSeenByTheNextBatch() {
        LoraModel lora = wrapToy(true);
        List<String> names = randomAdapters(lora, new Random(1), 3, 4);
        List<String> rows = List.of(names.get(0), names.get(1), names.get(2));
        NDArray ids = manager.create(new long[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2));
        checkRowByRow(lora, ids, rows);
        float[] before =
                lora.forward(store, new NDList(ids), Routing.rows(rows)).head().toFloatArray();

        AdapterState adapter = (AdapterState) lora.adapter(names.get(1));
        adapter.setTrainable(true);
        scramble(adapter, 99);
        checkRowByRow(lora, ids, rows);
        scramble(adapter, 98);
        adapter.setTrainable(false);
        checkRowByRow(lora, ids, rows);

        float[] after =
                lora.forward(store, new NDList(ids), Routing.rows(rows)).head().toFloatArray();
        assertFalse(java.util.Arrays.equals(before, after));
    }

    @Test
    void stackedFactors_areKeptWithinTheirBudget_andFreedWithTheirAdapters() {
        LoraModel lora = wrapToy(true);
        int before = liveArrays();
        for (int i = 0; i < 6; i++) {
            AdapterState adapter =
                    (AdapterState) lora.create("a" + i, config("embed", "proj").build());
            adapter.setTrainable(false);
        }
        int resident = liveArrays();
        forward(lora, Routing.rows("a0", "a1"));
        int one = liveArrays() - resident;
        assertTrue(one > 0);
        forward(lora, Routing.rows("a0", "a1"));
        assertEquals(one, liveArrays() - resident, "the stacks of a routing are kept");
        forward(lora, Routing.rows("a2", "a3"));
        assertTrue(liveArrays() - resident > one);

        lora.remove("a1");
        int others = liveArrays();
        lora.setMixedBatchMemory(0);
        assertTrue(liveArrays() < others);
        forward(lora, Routing.rows("a4", "a5"));
        int alone = liveArrays();
        forward(lora, Routing.rows("a5", "a4"));
        assertEquals(alone, liveArrays(), "nothing is kept without a budget");
        lora.adapterNames().forEach(lora::remove);
        assertEquals(before, liveArrays());
    }

    @Test
    void sideBySideFactors_areOneCopy_forAnyRowsOfTheSameAdapters() {
        LoraModel lora = wrapToy(true);
        List<String> names = frozenAdapters(lora, 3, 4);
        forward(lora, Routing.rows(names));
        int kept = liveArrays();
        for (List<String> rows : allRows(names, 6)) {
            if (rows.containsAll(names)) {
                assertEquals(Set.of(Way.MASKED), ways(lora, rows));
                forward(lora, Routing.rows(rows));
            }
        }
        assertEquals(kept, liveArrays());
    }

    @Test
    void stackedFactors_areOneCopy_forAnyRowsOfTheSameAdapters() {
        LoraModel lora = wrapToy(true);
        List<String> names = frozenAdapters(lora, 3, 12);
        forward(lora, Routing.rows(names));
        int kept = liveArrays();
        for (List<String> rows : allRows(names, 5)) {
            if (rows.containsAll(names)) {
                assertEquals(Set.of(Way.STACKED), ways(lora, rows));
                forward(lora, Routing.rows(rows));
            }
        }
        assertEquals(kept, liveArrays());
    }

    /** Few tokens: the rows move to their factors. Many: the factors to their rows. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 13, 40})
    void rowsThatMeetTheirFactors_inEitherWay_areWhatTheyAreAlone(long tokens) {
        LoraModel lora = wrapToy(true);
        List<String> names = frozenAdapters(lora, 4, 12);
        for (int i = 0; i < names.size(); i++) {
            scramble((AdapterState) lora.adapter(names.get(i)), 5 * i + 2);
        }
        for (String rows :
                List.of(
                        "0123", "3210", "1320", "0012233", "3333201", "b0123", "01b23b",
                        "3b0b12")) {
            List<String> adapters =
                    rows.chars()
                            .mapToObj(c -> c == 'b' ? Routing.BASE : names.get(c - '0'))
                            .toList();
            long count = adapters.size();
            long[] ids = new Random(count).longs(count * tokens, 0, ToyModel.V).toArray();
            assertEquals(Set.of(Way.STACKED), ways(lora, adapters));
            checkRowByRow(lora, manager.create(ids, new Shape(count, tokens)), adapters);
        }
    }

    @Test
    void stacksOfManyAdapters_areFoundAgain_afterManyOtherRoutings() {
        LoraModel lora = wrapToy(true);
        List<List<String>> routings = mixed(allRows(frozenAdapters(lora, 5, 20), 4));
        assertEquals(Set.of(Way.STACKED), ways(lora, routings.get(0)));
        routings.forEach(rows -> forward(lora, Routing.rows(rows)));
        int kept = liveArrays();
        routings.forEach(rows -> forward(lora, Routing.rows(rows)));
        assertEquals(kept, liveArrays());
    }

    @Test
    void stackedFactors_countWhatTheirArraysTake_besidesTheNumbers() {
        LoraModel lora = wrapToy(true);
        List<List<String>> routings = mixed(allRows(frozenAdapters(lora, 5, 20), 4));
        int before = liveArrays();
        lora.setMixedBatchMemory(100_000);
        routings.forEach(rows -> forward(lora, Routing.rows(rows)));
        int kept = liveArrays() - before;
        assertTrue(kept > 0);
        assertTrue(kept * BatchRule.ARRAY_BYTES < 100_000, kept + " arrays");
    }

    private List<String> frozenAdapters(LoraModel lora, int count, int rank) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lora.create("a" + i, config("proj").optRank(rank).build()).setTrainable(false);
            names.add("a" + i);
        }
        return names;
    }

    /** Returns all ways to give adapters to a number of rows. */
    private static List<List<String>> allRows(List<String> names, int count) {
        List<List<String>> all = List.of(List.of());
        for (int row = 0; row < count; row++) {
            List<List<String>> longer = new ArrayList<>();
            for (List<String> rows : all) {
                for (String name : names) {
                    List<String> next = new ArrayList<>(rows);
                    next.add(name);
                    longer.add(next);
                }
            }
            all = longer;
        }
        return all;
    }

    private static List<List<String>> mixed(List<List<String>> all) {
        return all.stream().filter(rows -> Set.copyOf(rows).size() > 1).toList();
    }

    @Test
    void randomRequestsOfManyThreads_giveTheBitsThatTheyGiveAlone_andLeaveNothing()
            throws Exception {
        LoraModel lora = wrapToy(true);
        List<String> names = randomAdapters(lora, new Random(11), ADAPTERS, 12);
        List<Routing> routings = new ArrayList<>();
        List<float[]> alone = new ArrayList<>();
        for (int i = 0; i < THREADS * REQUESTS; i++) {
            routings.add(randomRouting(lora, names, new Random(1000 + i)));
            alone.add(forward(lora, routings.get(i)));
        }
        lora.setMixedBatchMemory(200_000); // a few routings, so that stacks come and go
        int before = settled(lora, routings);
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int from = thread;
                running.add(
                        pool.submit(
                                () -> {
                                    for (int i = from; i < routings.size(); i += THREADS) {
                                        assertArrayEquals(
                                                alone.get(i), forward(lora, routings.get(i)));
                                    }
                                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertEquals(before, settled(lora, routings));
        lora.unwrap();
    }

    /** Returns the live arrays when one and the same routing was the last. */
    private int settled(LoraModel lora, List<Routing> routings) {
        lora.setMixedBatchMemory(0);
        int arrays = liveArrays();
        lora.setMixedBatchMemory(200_000);
        forward(lora, routings.get(0));
        return arrays;
    }

    private static Routing randomRouting(LoraModel lora, List<String> names, Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> Routing.of(names.get(random.nextInt(names.size())));
            case 1 -> {
                Map<String, Double> weights = new LinkedHashMap<>();
                List<String> summed =
                        names.stream()
                                .filter(n -> isPlain((AdapterState) lora.adapter(n)))
                                .toList();
                for (int i = 0; i < 3; i++) {
                    weights.put(summed.get(random.nextInt(summed.size())), random.nextDouble());
                }
                yield Routing.weighted(weights);
            }
            default -> Routing.rows(randomRows(names, random, 8));
        };
    }

    private static boolean isPlain(AdapterState adapter) {
        return !adapter.config().useDora()
                && adapter.replaced().isEmpty()
                && adapter.tokenRows().isEmpty();
    }

    private float[] forward(LoraModel lora, Routing routing) {
        long rows = routing.isByRow() ? routing.names().size() : 4;
        long[] ids = new Random(rows).longs(rows * 3, 0, ToyModel.V).toArray();
        try (NDManager request = NDManager.newBaseManager()) {
            NDList in = new NDList(request.create(ids, new Shape(rows, 3)));
            NDArray logits = lora.forward(store, in, routing).singletonOrThrow();
            assertFalse(logits.hasGradient());
            return logits.toFloatArray();
        }
    }

    private int liveArrays() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
