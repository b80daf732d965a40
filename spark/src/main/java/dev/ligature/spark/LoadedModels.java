package dev.ligature.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The models of this JVM: one for all tasks that need the same. When the files of a model change,
 * tasks that begin get the new one, and the former is freed with the last task that uses it.
 */
final class LoadedModels {
    private static final LoadedModels INSTANCE = new LoadedModels();

    private final Map<Key, Entry> entries = new HashMap<>(); // guarded by this

    /** What tasks must agree on to share a model. */
    private record Key(
            LigatureTask task, String model, @Nullable String adapters, long adapterBytes) {}

    /** A model in use. */
    private static final class Entry {
        final LoadedModel model;
        final String stamp;
        int uses;

        Entry(LoadedModel model, String stamp) {
            this.model = model;
            this.stamp = stamp;
        }
    }

    /** A model for the time of a task. */
    final class Use implements AutoCloseable {
        private final Key key;
        private final Entry entry;
        private boolean closed;

        Use(Key key, Entry entry) {
            this.key = key;
            this.entry = entry;
        }

        LoadedModel model() {
            return entry.model;
        }

        @Override
        public void close() {
            synchronized (LoadedModels.this) {
                if (!closed) {
                    closed = true;
                    entry.uses--;
                    freeUnlessCurrent(key, entry);
                }
            }
        }
    }

    static LoadedModels get() {
        return INSTANCE;
    }

    /** Returns the model of a task, which is loaded if no other task of this JVM has done so. */
    synchronized Use use(Settings settings) throws IOException {
        OperatorChoice.prefer(OperatorChoice.PLAIN); // or executors may differ in their last bits
        RemoteFiles remote = new RemoteFiles(settings.cache(), settings.hadoop());
        Path folder = Location.local(settings.model(), remote);
        String stamp = FolderStamp.of(folder);
        Key key =
                new Key(
                        settings.task(),
                        settings.model(),
                        settings.adapters(),
                        settings.adapterBytes());
        Entry entry = entries.get(key);
        if (entry == null || !entry.stamp.equals(stamp)) {
            Entry former = entry;
            entry = new Entry(LoadedModel.load(folder, settings, remote), stamp);
            entries.put(key, entry);
            if (former != null) {
                freeUnlessCurrent(key, former);
            }
        }
        entry.uses++;
        return new Use(key, entry);
    }

    private synchronized void freeUnlessCurrent(Key key, Entry entry) {
        if (entry.uses == 0 && entries.get(key) != entry) {
            entry.model.close();
        }
    }

    /** Frees the models that no task uses. */
    synchronized void freeUnused() {
        entries.values()
                .removeIf(
                        entry -> {
                            boolean unused = entry.uses == 0;
                            if (unused) {
                                entry.model.close();
                            }
                            return unused;
                        });
    }
}
