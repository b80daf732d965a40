package dev.ligature.server;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.store.AdapterStore;
import dev.ligature.store.StoreStatistics;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What requests may name as their model: the base, and the adapters of a store.
 *
 * @param base the name of the base
 * @param store the adapters
 * @param said the last reason that was logged for each adapter that cannot be used
 */
record ServedModels(String base, AdapterStore store, Map<String, String> said) {
    private static final Logger LOG = LoggerFactory.getLogger(ServedModels.class);
    private static final int MOST_SAID = 10_000;

    ServedModels(String base, AdapterStore store) {
        this(base, store, new ConcurrentHashMap<>());
    }

    /** Returns all names, the base's first. */
    List<String> names() throws IOException {
        List<String> names = new ArrayList<>(List.of(base));
        store.names().stream().filter(name -> !name.equals(base)).forEach(names::add);
        return names;
    }

    /**
     * Returns whether there is a model of a name. May read the directory.
     *
     * @throws IOException if the directory cannot be read
     */
    boolean has(String name) throws IOException {
        return name.equals(base) || store.names().contains(name);
    }

    /** Returns the error of a name that no model has. */
    static ApiException unknown(String name) {
        return ApiException.field(
                404,
                "model_not_found",
                "model",
                "There is no model " + name + ". GET /v1/models lists those that there are.");
    }

    /**
     * Holds a model. May read files.
     *
     * @param name what the request names
     * @throws ApiException if there is none of that name, there is no room for it, or it cannot be
     *     loaded
     */
    ModelLease hold(String name) {
        if (name.equals(base)) {
            return new ModelLease(null);
        }
        if (!Adapter.isValidName(name)) {
            throw ApiException.field(
                    "model",
                    "model is not a name. Names have up to 128 letters, digits, dots, underscores"
                            + " and hyphens, with a letter or a digit first.");
        }
        try {
            return new ModelLease(store.lease(name));
        } catch (UnknownAdapterException e) {
            throw unknown(name);
        } catch (StoreFullException e) {
            throw ApiException.of(
                    503,
                    "no_room",
                    "The adapters in use leave no room for " + name + ". Ask again later.");
        } catch (LoraException e) {
            throw store.isClosed() ? BatchEngine.stopping() : broken(name, e, e.code());
        } catch (CheckpointException e) {
            throw broken(name, e, e.code());
        } catch (IOException e) {
            throw broken(name, e, "IOException");
        }
    }

    /** Returns whether a reason is another than the last one of an adapter. */
    boolean isNews(String name, String reason) {
        if (said.size() > MOST_SAID) {
            said.clear();
        }
        return !reason.equals(said.put(name, reason));
    }

    /** Logs the reason when it is new, not for each request. */
    private ApiException broken(String name, Exception e, String code) {
        // The whole message names files, which are not the client's business.
        String reason = e instanceof FileSystemException ? e.toString() : e.getMessage();
        if (isNews(name, String.valueOf(reason))) {
            LOG.warn("Adapter {} cannot be used: {}", name, reason);
        }
        return ApiException.of(
                500,
                "model_broken",
                "Adapter " + name + " cannot be used [" + code + "]. The server's log says more.");
    }

    StoreStatistics statistics() {
        return store.statistics();
    }
}
