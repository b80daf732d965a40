package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import dev.ligature.Routing;
import dev.ligature.StoreFullException;
import dev.ligature.ToyAdapters;
import dev.ligature.UnknownAdapterException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An adapter that is trained and served at once. */
final class PublishTest {
    private static final String NAME = "mine";
    private static final long ROOM = 1 << 20;

    @TempDir Path root;

    private ToyAdapters toy;
    private NDManager manager;

    @BeforeEach
    void open() {
        toy = new ToyAdapters();
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
        toy.close();
    }

    private static LoraConfig variant(String name) {
        LoraConfig.Builder config = LoraConfig.builder().setTargetModules("proj", "embed");
        return switch (name) {
            case "plain" -> config.build();
            case "dora" -> config.optUseDora(true).build();
            case "pissa" -> config.optInit(LoraInit.PISSA).optRank(2).build();
            case "lora_bias" -> config.setTargetModules("proj").optLoraBias(true).build();
            case "bias" -> config.optBias(BiasMode.ALL).build();
            case "tied" ->
                    config.setTargetModules("embed", "head").optEnsureWeightTying(true).build();
            case "saved" ->
                    config.setTargetModules("embed").optModulesToSave(List.of("proj")).build();
            case "tokens" ->
                    config.setTargetModules("proj")
                            .optTrainableTokenIndices(List.of(1, 2, 5))
                            .build();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Takes steps that change every parameter. */
    private void train(Adapter adapter, TrainingLoop loop) {
        float[] before = toy.forward(Routing.of(adapter.name()));
        for (int step = 0; step < 2; step++) {
            loop.step(manager.create(new long[] {1, 2, 3, 5, 4, 6}, new Shape(2, 3)));
        }
        assertFalse(Arrays.equals(before, toy.forward(Routing.of(adapter.name()))));
    }

    private TrainingLoop loop(Adapter adapter) {
        TrainingConfig config = TrainingConfig.builder().optLearningRate(0.05).build();
        return TrainingLoop.over(toy.lora().routed(Routing.of(adapter.name())), manager, config);
    }

    private float[] answer(AdapterStore store) throws IOException {
        try (AdapterLease lease = store.lease(NAME)) {
            return toy.forward(lease.routing());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"plain", "dora", "pissa", "lora_bias", "bias", "tied", "saved", "tokens"})
    void whatIsPublished_staysAsItWas_bitForBit(String variant) throws IOException {
        Adapter adapter = toy.lora().create("trained", variant(variant), 7);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, ROOM);
                TrainingLoop loop = loop(adapter)) {
            train(adapter, loop);
            float[] first = toy.forward(Routing.of("trained"));
            store.publish(NAME, adapter);
            assertArrayEquals(first, answer(store));
            try (AdapterLease underWay = store.lease(NAME)) {
                train(adapter, loop);
                assertArrayEquals(first, toy.forward(underWay.routing()));
                float[] second = toy.forward(Routing.of("trained"));
                store.publish(NAME, adapter);
                train(adapter, loop);
                assertArrayEquals(first, toy.forward(underWay.routing()));
                assertArrayEquals(second, answer(store));
                assertEquals(2, store.statistics().residentCount());
            }
            assertEquals(1, store.statistics().residentCount());
            assertEquals(Set.of(NAME), store.names());
            assertFalse(toy.lora().adapter(published(store)).isTrainable());
        }
        assertEquals(Set.of("trained"), toy.lora().adapterNames());
    }

    private String published(AdapterStore store) throws IOException {
        try (AdapterLease lease = store.lease(NAME)) {
            return lease.routedName();
        }
    }

    @Test
    void fiftyPublishes_leaveNoArray() throws IOException {
        Adapter adapter = toy.lora().create("trained", variant("dora"), 7);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, ROOM)) {
            store.publish(NAME, adapter);
            answer(store);
            int arrays = toy.liveArrays();
            for (int i = 0; i < 50; i++) {
                store.publish(NAME, adapter);
                answer(store);
            }
            assertEquals(arrays, toy.liveArrays());
            assertEquals(50, store.statistics().replacements());
        }
    }

    @Test
    void aPublishedAdapter_hidesAFolder_untilItIsWithdrawn() throws IOException {
        float[] ofFolder = toy.write(root.resolve(NAME), 2, 3);
        Adapter adapter = toy.lora().create("trained", variant("plain"), 7);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, ROOM)) {
            assertArrayEquals(ofFolder, answer(store));
            AdapterLease underWay = store.lease(NAME);
            store.publish(NAME, adapter);
            assertArrayEquals(toy.forward(Routing.of("trained")), answer(store));
            assertArrayEquals(ofFolder, toy.forward(underWay.routing()));
            underWay.close();
            assertTrue(store.withdraw(NAME));
            assertFalse(store.withdraw(NAME));
            assertArrayEquals(ofFolder, answer(store));
            store.publish("other", adapter);
            store.withdraw("other");
            assertThrows(UnknownAdapterException.class, () -> store.lease("other"));
            assertEquals(1, store.statistics().residentCount());
        }
    }

    @Test
    void aPublishedAdapter_isNotEvicted_andTakesRoom() throws IOException {
        Adapter adapter = toy.lora().create("trained", variant("plain"), 7);
        long each = adapter.plan().byteCount();
        toy.write(root.resolve("file"), 2, 3);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, 2 * each)) {
            store.publish(NAME, adapter);
            store.preload("file");
            store.publish(NAME, adapter); // evicts the one that has a file
            assertEquals(1, store.statistics().evictions());
            store.publish("second", adapter);
            answer(store); // the end of a lease makes an adapter of a file evictable, but not this
            // one
            assertThrows(StoreFullException.class, () -> store.publish(NAME, adapter));
            assertEquals(2 * each, store.statistics().residentBytes());
        }
    }

    @Test
    void whatCannotBePublished_isRefused() throws IOException {
        Adapter adapter = toy.lora().create("trained", variant("plain"), 7);
        AdapterStore store = AdapterStore.open(toy.lora(), root, ROOM);
        LoraException name = assertThrows(LoraException.class, () -> store.publish("a/b", adapter));
        assertTrue(name.getMessage().contains("LoraAdapterName"), name.getMessage());
        try (ToyAdapters other = new ToyAdapters()) {
            Adapter foreign = other.lora().create("trained", variant("plain"), 7);
            LoraException e = assertThrows(LoraException.class, () -> store.publish(NAME, foreign));
            assertTrue(e.getMessage().contains("LoraStoreForeign"), e.getMessage());
        }
        store.publish(NAME, adapter);
        store.close();
        assertThrows(LoraStateException.class, () -> store.publish(NAME, adapter));
        assertEquals(0, store.statistics().residentBytes());
        assertNotEquals(0, toy.lora().adapterNames().size());
    }
}
