package dev.ligature.server.internal.admission;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.Interruption;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import dev.ligature.store.StoreStatistics;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What requests may name as their model: the base, and the adapters of a store.
 *
 * @param base the name of the base
 * @param store the adapters
 * @param said the last reason that was logged for each adapter that cannot be used
 */
public record ServedModels(String base, AdapterStore store, SaidReasons said)
        implements ModelLeases {
    private static final Logger LOG = LoggerFactory.getLogger(ServedModels.class);
    private static final Pattern SNAPSHOT =
            Pattern.compile(".*[/\\\\]models--.*--([^/\\\\]+)[/\\\\]snapshots[/\\\\].*");

    /** What goes wrong with adapters that are kept elsewhere, and may be right the next time. */
    private static final Set<String> ELSEWHERE =
            Set.of("SourceUnavailable", "SourceDigest", "SourceManifest", "SourceCacheFull");

    private static final Duration WRITING = Duration.ofSeconds(10);

    public ServedModels(String base, AdapterStore store) {
        this(base, store, new SaidReasons());
    }

    /**
     * Returns all names that are known, the base's first.
     *
     * @throws IOException if those of the adapters are not
     */
    public List<String> names() throws IOException {
        List<String> names = new ArrayList<>(List.of(base));
        store.knownNames().stream().filter(name -> !name.equals(base)).forEach(names::add);
        return names;
    }

    /**
     * Returns whether there is a model of a name; empty if another machine has to be asked first.
     * May read its folder, and no other.
     */
    public Optional<Boolean> knows(String name) {
        return name.equals(base) ? Optional.of(true) : store.knows(name);
    }

    @Override
    public boolean isResident(String name) {
        return name.equals(base) || store.isLoaded(name);
    }

    /**
     * Checks a name before its request waits. May read files, but not for a model in memory: those
     * who read requests are few, and must not wait for where adapters come from.
     *
     * @return whether there is a model of that name; false if a lease has to find that out
     * @throws ApiException if there is none, or it cannot be used
     */
    public boolean check(String name) {
        Optional<Boolean> known = isResident(name) ? Optional.of(true) : knows(name);
        if (known.isPresent() && !known.get()) {
            hold(name).close(); // says what is wrong with it
        }
        return known.isPresent();
    }

    /** Returns the error of a name that no model has. */
    public static ApiException unknown(String name) {
        return ApiException.field(
                404,
                "model_not_found",
                "model",
                "There is no model " + name + ". GET /v1/models lists those that there are.");
    }

    /** Returns the error of a model of which it is not known now whether it is there. */
    public static ApiException unavailable(String name) {
        return ApiException.of(
                503,
                "model_unavailable",
                "Whether there is a model "
                        + name
                        + " cannot be told now: where the adapters are kept does not answer. Ask"
                        + " again later.");
    }

    /** Gives a lease of an adapter. */
    private interface Leased {
        Optional<AdapterLease> get() throws IOException;
    }

    @Override
    public ModelLease hold(String name) {
        return hold(name, () -> Optional.of(store.lease(name))).orElseThrow();
    }

    @Override
    public Optional<ModelLease> holdLoaded(String name) {
        return hold(name, () -> store.leaseLoaded(name));
    }

    private Optional<ModelLease> hold(String name, Leased leased) {
        if (name.equals(base)) {
            return Optional.of(new ModelLease(null));
        }
        if (!Adapter.isValidName(name)) {
            throw ApiException.field(
                    "model",
                    "model is not a name. Names have up to 128 letters, digits, dots, underscores"
                            + " and hyphens, with a letter or a digit first.");
        }
        try {
            Optional<AdapterLease> lease = leased.get();
            lease.ifPresent(each -> warnOfOtherBase(name, each));
            return lease.map(ModelLease::new);
        } catch (UnknownAdapterException e) {
            throw unknown(name);
        } catch (StoreFullException e) {
            throw e; // the request can wait
        } catch (LoraException e) {
            throw store.isClosed() ? Refusals.stopping() : broken(name, e, e.code());
        } catch (CheckpointException e) {
            throw unreadable(name, e, e.code());
        } catch (IOException e) {
            throw unreadable(name, e, "IOException");
        }
    }

    /** An adapter that fits the base's shapes may still be for another one. */
    private void warnOfOtherBase(String name, AdapterLease lease) {
        String other = lease.adapter().config().metadata().baseModelNameOrPath();
        if (other != null && !lastName(other).equalsIgnoreCase(base) && said.isNews(name, other)) {
            LOG.warn(
                    "Adapter {} names {} as its base (base_model_name_or_path), and is served with"
                            + " {}. If that is the same model, give the name with --base-name.",
                    name,
                    other,
                    base);
        }
    }

    /** Returns the last part of a name or path of a model; of a folder in the hub's cache too. */
    static String lastName(String model) {
        String name = SNAPSHOT.matcher(model).replaceFirst("$1").replaceFirst("[/\\\\]+$", "");
        return name.replaceFirst(".*[/\\\\]", "");
    }

    /** Returns the error of files that cannot be read now, or at all. */
    private ApiException unreadable(String name, IOException e, String code) {
        if (lacksDescriptors(e)) {
            return busy();
        }
        if (Interruption.is(e)) {
            return Refusals.stopping();
        }
        if (ELSEWHERE.contains(code)) {
            logOnce(name, e);
            return ApiException.of(
                    503,
                    "model_unavailable",
                    "Adapter " + name + " cannot be fetched now [" + code + "]. Ask again later.");
        }
        if (isBeingWritten(name)) {
            return ApiException.of(
                    503,
                    "model_incomplete",
                    "Adapter "
                            + name
                            + " cannot be read ["
                            + code
                            + "], and its files have just changed. Ask again later.");
        }
        return broken(name, e, code);
    }

    /** Logs the reason when it is new, not for each request. */
    private ApiException broken(String name, Exception e, String code) {
        logOnce(name, e);
        return ApiException.of(
                500,
                "model_broken",
                "Adapter " + name + " cannot be used [" + code + "]. The server's log says more.");
    }

    private void logOnce(String name, Exception e) {
        // The whole message names files, which are not the client's business.
        String reason = e instanceof FileSystemException ? e.toString() : e.getMessage();
        if (said.isNews(name, String.valueOf(reason))) {
            LOG.warn("Adapter {} cannot be used: {}", name, reason);
        }
    }

    /** Returns the error of a list that cannot be made. */
    public ApiException notListed(Throwable error) {
        if (lacksDescriptors(error)) {
            return busy();
        }
        if (said.isNews("", error.toString())) {
            LOG.error("The adapters cannot be listed", error);
        }
        if (error instanceof CheckpointException e && ELSEWHERE.contains(e.code())) {
            return ApiException.of(
                    503,
                    "models_unavailable",
                    "The adapters cannot be listed now [" + e.code() + "]. Ask again later.");
        }
        return ApiException.of(
                500,
                "internal_error",
                "The adapters cannot be listed. The server's log says more.");
    }

    /** Logs the folders that nobody can name. */
    public void logFoldersThatAreNotServed() {
        try {
            for (String folder : store.invalidNames()) {
                LOG.warn(
                        "The folder {} is not served: an adapter's name has up to 128 letters,"
                                + " digits, dots, underscores and hyphens, with a letter or a"
                                + " digit first. Rename it.",
                        folder);
            }
        } catch (IOException e) {
            LOG.error("The adapters cannot be listed", e);
        }
    }

    private static boolean lacksDescriptors(@Nullable Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (String.valueOf(cause.getMessage()).contains("Too many open files")) {
                return true;
            }
        }
        return false;
    }

    private static ApiException busy() {
        return ApiException.of(
                503,
                "no_descriptors",
                "The server has as many files and connections open as it may. Ask again later.");
    }

    /** Returns whether the files of an adapter were written so recently that more may come. */
    private boolean isBeingWritten(String name) {
        try {
            return store.changed(name)
                    .filter(time -> time.isAfter(Instant.now().minus(WRITING)))
                    .isPresent();
        } catch (IOException | LoraException e) {
            return false;
        }
    }

    public StoreStatistics statistics() {
        return store.statistics();
    }
}
