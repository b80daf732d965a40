package dev.ligature.spark;

import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A base model with its adapters, for all tasks of this JVM. Thread-safe. */
final class LoadedModel implements AutoCloseable {
    private final PretrainedModel model;
    private final @Nullable AdapterStore store;
    private final @Nullable String remoteAdapters;
    private final RemoteFiles remote;
    private long counted; // loads of adapters; guarded by this

    private LoadedModel(
            PretrainedModel model,
            @Nullable AdapterStore store,
            @Nullable String remoteAdapters,
            RemoteFiles remote) {
        this.model = model;
        this.store = store;
        this.remoteAdapters = remoteAdapters;
        this.remote = remote;
    }

    /** Loads a model from a folder of this machine. */
    static LoadedModel load(Path folder, Settings settings, RemoteFiles remote) throws IOException {
        String adapters = settings.adapters();
        boolean isRemote = adapters != null && Location.isRemote(adapters);
        PretrainedModel model = PretrainedModel.load(folder);
        try {
            if (model.task() != settings.task().model()) {
                throw SparkMessage.TASK.error(
                        settings.task(),
                        settings.task().model().title(),
                        settings.model(),
                        model.task().title());
            }
            AdapterStore store =
                    adapters == null
                            ? null
                            : model.openAdapters(
                                    isRemote ? remote.adapters(adapters) : Location.local(adapters),
                                    settings.adapterBytes(),
                                    AdapterLoadOptions.defaults());
            return new LoadedModel(model, store, isRemote ? adapters : null, remote);
        } catch (IOException | RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    PretrainedModel model() {
        return model;
    }

    /** Makes sure that this machine has the current files of an adapter. */
    void refresh(String adapter) throws IOException {
        if (remoteAdapters != null) {
            remote.refresh(remoteAdapters, adapter);
        }
    }

    /** Leases an adapter. */
    AdapterLease lease(String adapter) throws IOException {
        if (store == null) {
            throw SparkMessage.NO_ADAPTERS.error(adapter);
        }
        return store.lease(adapter);
    }

    /** Returns how many adapters were loaded since the last call. */
    synchronized long newLoads() {
        long all = store == null ? 0 : store.statistics().loads();
        long more = all - counted;
        counted = all;
        return more;
    }

    @Override
    public void close() {
        if (store != null) {
            store.close();
        }
        model.close();
    }
}
