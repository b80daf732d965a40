package dev.ligature.spark;

import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.StoreFullException;
import dev.ligature.store.AdapterLease;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Computes texts of one task in batches of similar lengths, each with its adapter. */
final class TextBatches {
    private static final long PAUSE_MILLIS = 20;
    private static final int MOST_PAUSES = 30_000; // ten minutes

    private final Settings settings;
    private final LoadedModel model;
    private final TextTask task;
    private final @Nullable LigatureMetrics metrics;
    private final Set<String> refreshed = new HashSet<>();

    TextBatches(Settings settings, LoadedModel model, @Nullable LigatureMetrics metrics)
            throws IOException {
        this.settings = settings;
        this.model = model;
        this.task = TextTask.of(settings, model.model());
        this.metrics = metrics;
    }

    /** A text, and what becomes of it: a result or the reason why there is none. */
    static final class Text {
        private final String adapter; // empty: the base
        private final long place;
        private long[] ids = {};
        private @Nullable Object result;
        private @Nullable Exception error;

        private Text(@Nullable String adapter, long place) {
            this.adapter = adapter == null ? "" : adapter;
            this.place = place;
        }

        @Nullable Object result() {
            return result;
        }

        @Nullable Exception error() {
            return error;
        }
    }

    /**
     * Returns a text of the partition, as tokens.
     *
     * @param place its place in the partition
     */
    Text read(@Nullable String adapter, String text, long place) throws IOException {
        Text read = new Text(adapter, place);
        try {
            read.ids = task.encode(text);
        } catch (LoraException e) {
            read.error = e;
        }
        return read;
    }

    /** Computes the texts that have no error. */
    void compute(List<Text> texts) throws IOException {
        List<Text> sorted =
                texts.stream()
                        .filter(text -> text.error == null)
                        .sorted(Comparator.comparingInt(text -> text.ids.length))
                        .toList();
        int most = task.batchTokens(settings.batchTokens());
        int from = 0;
        for (int to = 1; to <= sorted.size(); to++) {
            boolean isFull =
                    to < sorted.size()
                            && (to - from >= settings.batchRows()
                                    || (to + 1 - from) * (long) sorted.get(to).ids.length > most);
            if (isFull || to == sorted.size()) {
                batch(sorted.subList(from, to));
                from = to;
            }
        }
        if (metrics != null) {
            metrics.countLoads(model.newLoads());
            texts.stream().filter(text -> text.error != null).forEach(t -> metrics.countFailure());
        }
    }

    /** Computes a batch, in more than one part if its adapters do not fit the memory together. */
    private void batch(List<Text> batch) throws IOException {
        List<Text> left = batch;
        for (int pauses = 0; !left.isEmpty(); ) {
            Map<String, AdapterLease> leases = new HashMap<>();
            List<Text> now = new ArrayList<>();
            List<Text> later = new ArrayList<>();
            StoreFullException full = null;
            try {
                for (Text text : left) {
                    try {
                        if (!text.adapter.isEmpty() && !leases.containsKey(text.adapter)) {
                            leases.put(text.adapter, lease(text.adapter));
                        }
                        now.add(text);
                    } catch (StoreFullException e) {
                        full = e;
                        later.add(text);
                    } catch (LoraException | IOException e) {
                        text.error = e;
                    }
                }
                compute(now, leases);
            } finally {
                leases.values().forEach(AdapterLease::close);
            }
            if (full != null && now.isEmpty()) {
                pause(full, pauses++); // other tasks of this JVM hold all of the memory
            }
            left = later;
        }
    }

    private AdapterLease lease(String adapter) throws IOException {
        if (refreshed.add(adapter)) {
            model.refresh(adapter);
        }
        return model.lease(adapter);
    }

    private static void pause(StoreFullException full, int pauses) throws IOException {
        if (pauses >= MOST_PAUSES) {
            throw full;
        }
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        }
    }

    /** Computes texts at once; if that fails, one by one, so that the others have results. */
    private void compute(List<Text> texts, Map<String, AdapterLease> leases) throws IOException {
        if (texts.isEmpty()) {
            return;
        }
        List<Object> results;
        try {
            results = task.compute(inputs(texts, leases));
        } catch (LoraException e) {
            if (texts.size() == 1) {
                texts.get(0).error = e;
                return;
            }
            for (Text text : texts) {
                compute(List.of(text), leases);
            }
            return;
        }
        for (int i = 0; i < texts.size(); i++) {
            texts.get(i).result = results.get(i);
        }
        if (metrics != null) {
            long tokens = texts.stream().mapToLong(text -> text.ids.length).sum();
            long longest = texts.stream().mapToLong(text -> text.ids.length).max().orElse(0);
            metrics.countBatch(texts.size(), tokens, longest * texts.size());
        }
    }

    private static List<TextTask.Input> inputs(List<Text> texts, Map<String, AdapterLease> leases) {
        return texts.stream()
                .map(
                        text -> {
                            AdapterLease lease = leases.get(text.adapter);
                            String name = lease == null ? Routing.BASE : lease.routedName();
                            return new TextTask.Input(text.ids, name, text.place);
                        })
                .toList();
    }
}
