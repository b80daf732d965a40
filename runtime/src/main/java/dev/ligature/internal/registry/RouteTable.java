package dev.ligature.internal.registry;

import ai.djl.ndarray.NDManager;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.WholeBatchRoute;
import dev.ligature.internal.rows.FactorStackCache;
import dev.ligature.internal.rows.PerRowRoute;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of one model, by name and by handle, and the routes through them. Any number of
 * threads use it at once.
 */
public final class RouteTable {
    /** How many routes are kept; making one again costs a few microseconds. */
    private static final int ROUTES = 512;

    private static final int LISTED = 10;

    private static final long STACKS = 256L << 20;

    private final Slots slots;
    private final FactorStackCache stacks;
    private final Map<String, BoundAdapter> byName = new ConcurrentHashMap<>();
    private final Map<Long, BoundAdapter> byHandle = new ConcurrentHashMap<>();
    private final Map<Routing, Route> routes = // guarded by this
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Routing, Route> eldest) {
                    return size() > ROUTES;
                }
            };

    /**
     * Creates an empty table.
     *
     * @param managers makes the owner of new arrays
     */
    public RouteTable(Slots slots, Supplier<NDManager> managers) {
        this.slots = slots;
        this.stacks = new FactorStackCache(slots, STACKS, managers);
    }

    /** Returns the stacked factors of the routings that were used last. */
    public FactorStackCache stacks() {
        return stacks;
    }

    /** Returns the names, sorted. */
    public Set<String> names() {
        return new TreeSet<>(byName.keySet());
    }

    /** Returns the adapters, sorted by name. */
    public List<Adapter> adapters() {
        return byName.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .<Adapter>map(entry -> entry.getValue().adapter())
                .toList();
    }

    public boolean contains(String name) {
        Objects.requireNonNull(name, "name");
        return byName.containsKey(name);
    }

    /** Returns the adapter of a name; an unknown one is an error. */
    public BoundAdapter named(String name) {
        Objects.requireNonNull(name, "name");
        BoundAdapter binding = byName.get(name);
        if (binding == null) {
            Set<String> known = names();
            throw AdapterMessage.UNKNOWN.unknownAdapter(
                    name, Nearest.hint(name, known), remedy(known));
        }
        return binding;
    }

    private BoundAdapter handled(long handle) {
        BoundAdapter binding = byHandle.get(handle);
        if (binding == null) {
            List<String> known =
                    byHandle.values().stream()
                            .map(other -> other.adapter().handle() + " " + other.adapter().name())
                            .sorted()
                            .toList();
            throw AdapterMessage.UNKNOWN_HANDLE.unknownAdapter(handle, remedy(known));
        }
        return binding;
    }

    /** Returns what to do about an unknown adapter, for messages. */
    private static String remedy(Collection<String> known) {
        if (known.isEmpty()) {
            return "Create or load one first.";
        }
        String listed = known.stream().limit(LISTED).collect(Collectors.joining(", "));
        int more = known.size() - LISTED;
        return "Known: " + listed + (more > 0 ? " and " + more + " more." : ".");
    }

    /** Gives an adapter another name; routes through it, which hold it, go on. */
    synchronized void rename(String from, String to) {
        BoundAdapter binding = named(from);
        byName.put(to, binding);
        byName.remove(from);
        routes.keySet().removeIf(routing -> routing.names().contains(from));
        binding.adapter().rename(to);
    }

    synchronized void add(AdapterState adapter) {
        BoundAdapter binding = new BoundAdapter(slots, adapter);
        byName.put(adapter.name(), binding);
        byHandle.put(adapter.handle(), binding);
    }

    /** Takes an adapter out, which is not closed by that; null if there is none of that name. */
    synchronized @Nullable AdapterState remove(String name) {
        Objects.requireNonNull(name, "name");
        BoundAdapter binding = byName.remove(name);
        if (binding == null) {
            return null;
        }
        binding.markRemoved(); // before its stacks are dropped, so that none are kept afterwards
        AdapterState adapter = binding.adapter();
        byHandle.remove(adapter.handle());
        routes.values()
                .removeIf(route -> route.adapters().stream().anyMatch(b -> b.adapter() == adapter));
        stacks.evict(adapter);
        return adapter;
    }

    /**
     * Returns the route of a routing that names an adapter; the same one for equal routings, while
     * it is kept.
     */
    public synchronized Route route(Routing routing) {
        Route known = routes.get(routing);
        if (known != null) {
            return known;
        }
        slots.checkWeights();
        // Under the lock, so that no route is kept whose adapter is removed meanwhile.
        Route route = routing.isByRow() ? rows(routing) : sum(routing);
        routes.put(routing, route);
        return route;
    }

    private Route sum(Routing routing) {
        List<Route.Term> terms = new ArrayList<>();
        for (int i = 0; i < routing.names().size(); i++) {
            terms.add(new Route.Term(named(routing.names().get(i)), routing.weights().get(i)));
        }
        return new WholeBatchRoute(slots, terms);
    }

    private Route rows(Routing routing) {
        List<@Nullable BoundAdapter> rows = new ArrayList<>();
        for (String name : routing.names()) {
            rows.add(name.equals(Routing.BASE) ? null : named(name));
        }
        for (long handle : routing.handles()) {
            rows.add(handle == 0 ? null : handled(handle));
        }
        return new PerRowRoute(slots, rows, stacks);
    }
}
