package dev.ligature.cli;

import dev.ligature.Adapter;
import dev.ligature.internal.files.HubCache;
import dev.ligature.server.CompletionServer;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves completions over HTTP until it is told to stop. */
@Command(
        name = "serve",
        description = {
            "Serves completions over HTTP in the shape of OpenAI's API: a request names an adapter"
                    + " as its model, or the base.",
            "Ctrl-C or SIGTERM lets requests under way finish, and ends it with exit code 0."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    private static final int LARGEST_PORT = 65_535;
    private static final long POLL_MILLIS = 50;

    private final Terminal terminal;
    private final StopSignal stop;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description =
                    "The base model: a Hugging Face directory, or its folder in the hub's cache.")
    private Path model = Path.of("");

    @Mixin private AdapterSourceOptions sources = new AdapterSourceOptions();

    @Option(
            names = "--base-name",
            paramLabel = "NAME",
            description =
                    "What requests call the base model. Default: the name of its directory,"
                            + " or of its repository.")
    private @Nullable String baseName;

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            paramLabel = "HOST",
            description = "Where to listen. Default: 127.0.0.1, which only this machine reaches.")
    private String host = "";

    @Option(
            names = "--port",
            defaultValue = "8080",
            paramLabel = "N",
            description = "The port, or 0 for a free one. Default: 8080.")
    private int port;

    @Option(
            names = "--allowed-host",
            paramLabel = "NAME",
            description =
                    "A name that requests may call the server by, besides localhost, its --host and"
                            + " addresses; may be given several times.")
    private List<String> allowedHosts = List.of();

    @Option(
            names = "--adapter-memory",
            defaultValue = "1024",
            paramLabel = "MIB",
            description = "The most memory for adapters, in MiB. Default: 1024.")
    private int adapterMemory;

    @Option(
            names = "--pin",
            paramLabel = "NAME",
            description =
                    "An adapter that is loaded at the start and stays in memory; may be given"
                            + " several times.")
    private List<String> pinned = List.of();

    @Mixin private WeightOptions weights = new WeightOptions();

    @Mixin private ModelFileOptions modelFiles = new ModelFileOptions();

    @Mixin private AdapterFileOptions adapterFiles = new AdapterFileOptions();

    @Mixin private ServerOptions options = new ServerOptions();

    @Mixin private AccessOptions accessOptions = new AccessOptions();

    ServeCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        OptionChecks.require(port >= 0 && port <= LARGEST_PORT, "--port", port, "0 to 65535");
        OptionChecks.atLeast("--adapter-memory", adapterMemory, 1);
        ServerLimits limits = options.limits();
        ServerAccess access = accessOptions.access();
        String base = base();
        try (AdapterSourceOptions.Opened source = sources.open();
                LoadedModel loaded = LoadedModel.open(model, modelFiles, weights);
                AdapterStore store =
                        loaded.base()
                                .openAdapters(
                                        source.source(),
                                        (long) adapterMemory << 20,
                                        adapterFiles.options());
                Pins pins = new Pins()) {
            TaskModel served = TaskModel.of(loaded.base());
            int known = store.names().size();
            if (store.names().contains(base)) {
                throw new BadInputException(
                        "The base model and an adapter in "
                                + source.source()
                                + " are both called "
                                + base
                                + ". Name the base with --base-name.");
            }
            for (String name : pinned) {
                pins.add(store.lease(name));
            }
            serve(
                    CompletionServer.start(
                            served,
                            store,
                            base,
                            new ServerAddress(host, port, allowedHosts),
                            limits,
                            access),
                    (access.certificate() == null ? "http" : "https"),
                    base + " and " + known + (known == 1 ? " adapter" : " adapters"));
        } catch (InterruptedException e) {
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        }
        return 0;
    }

    private String base() {
        String name = baseName;
        if (name == null) {
            Path named = HubCache.repositoryId(model).map(Path::of).orElse(model);
            name = String.valueOf(named.toAbsolutePath().normalize().getFileName());
        }
        if (!Adapter.isValidName(name)) {
            throw new BadInputException(
                    "The base model's name would be '"
                            + name
                            + "'. Give it another one with --base-name: letters, digits, dots,"
                            + " underscores and hyphens.");
        }
        return name;
    }

    private void serve(CompletionServer server, String scheme, String what)
            throws IOException, InterruptedException {
        stop.expect();
        try {
            terminal.out().printf("Serving %s at %s://%s:%d%n", what, scheme, host, server.port());
            terminal.flush();
            while (!stop.isRaised()) {
                if (server.isOutOfMemory()) {
                    haltWithoutMemory();
                }
                if (!server.isAlive()) {
                    throw new IllegalStateException("the batch has ended, see above");
                }
                Thread.sleep(POLL_MILLIS);
            }
            terminal.note("Stopping: requests under way finish first.");
        } finally {
            server.stop();
        }
    }

    /** Ends the process at once: an orderly end needs memory too. */
    private void haltWithoutMemory() {
        Failure failure = Failure.of(new OutOfMemoryError("Java heap space"));
        terminal.note(failure.line());
        Runtime.getRuntime().halt(failure.exitCode());
    }

    /** The leases that keep adapters in memory. */
    private record Pins(List<AdapterLease> leases) implements AutoCloseable {
        Pins() {
            this(new ArrayList<>());
        }

        void add(AdapterLease lease) {
            leases.add(lease);
        }

        @Override
        public void close() {
            leases.forEach(AdapterLease::close);
        }
    }
}
