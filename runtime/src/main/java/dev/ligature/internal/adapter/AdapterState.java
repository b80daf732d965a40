package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.LoraPlan;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The adapter that users see as {@link Adapter}, with its arrays: one factor pair per adapted
 * weight, and copies of what it replaces. It owns its arrays, and counts the models that hold it
 * and the requests that use it: the last of them frees the arrays.
 */
public final class AdapterState implements Adapter {
    private static final AtomicLong HANDLES = new AtomicLong();

    private volatile String name;
    private final long handle = HANDLES.incrementAndGet();
    private final LoraPlan plan;
    private final NDManager manager;
    private final AdapterParts parts;
    private volatile boolean trainable;
    private final AtomicLong changes = new AtomicLong();
    private final RefCount uses;
    private int holders; // guarded by this

    /**
     * Creates an adapter that owns its parts and their manager.
     *
     * @param parts one part for each of the plan, in its order; their arrays belong to the manager
     */
    public AdapterState(
            String name, LoraPlan plan, NDManager manager, AdapterParts parts, boolean trainable) {
        this.name = name;
        this.plan = plan;
        this.manager = manager;
        this.uses = new RefCount(manager::close);
        this.parts = parts;
        this.trainable = trainable;
        parts.freeze(!trainable);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long handle() {
        return handle;
    }

    @Override
    public LoraConfig config() {
        return plan.config();
    }

    @Override
    public LoraPlan plan() {
        return plan;
    }

    /** Returns a frozen adapter with the values of this one as they are now. */
    public AdapterState copy(String newName, NDManager owner) {
        return new AdapterState(newName, plan, owner, parts.copy(owner), false);
    }

    /** Returns the owner of the adapter's arrays. */
    NDManager manager() {
        return manager;
    }

    /** Returns the pairs, one per adapted weight, in the model's order. */
    public List<FactorPair> pairs() {
        return parts.pairs();
    }

    /** Returns the copies of whole parameters of the base, in the model's order. */
    public List<ReplacedParameter> replaced() {
        return parts.replaced();
    }

    /** Returns the token rows, in the model's order. */
    public List<TokenRows> tokenRows() {
        return parts.rows();
    }

    @Override
    public boolean isTrainable() {
        return trainable;
    }

    @Override
    public void setTrainable(boolean trainable) {
        enter();
        try {
            parts.freeze(!trainable);
            this.trainable = trainable;
            changed();
        } finally {
            exit();
        }
    }

    /** Returns where the adapter's arrays come from in a pass. */
    public Values values(boolean training, ParameterStore store) {
        return training && trainable ? Values.trained(store) : Values.SERVED;
    }

    /** Returns a number that is another one after the arrays may have been trained. */
    public long changes() {
        return changes.get();
    }

    /** Takes note that the arrays may be trained, or may have been. */
    public void changed() {
        changes.incrementAndGet();
    }

    @Override
    public ParameterList parameters() {
        if (uses.isClosed()) {
            throw removed();
        }
        return parts.parameters();
    }

    /** Changes the name, which is the same in all models that share the adapter. */
    public void rename(String name) {
        this.name = name;
    }

    /** Takes note of one more model that has the adapter; an error if it was removed. */
    public synchronized void hold() {
        if (uses.isClosed()) {
            throw removed();
        }
        holders++;
    }

    /** Takes note that a model gave the adapter up; the last one closes it. */
    public synchronized void release() {
        holders--;
        if (holders == 0) {
            close();
        }
    }

    /** Returns whether several models have the adapter. */
    public synchronized boolean isShared() {
        return holders > 1;
    }

    /**
     * Frees the arrays, when the requests that are under way on this adapter have ended; no further
     * one begins.
     */
    private void close() {
        uses.close();
    }

    /** Begins a use of the arrays, which lasts until {@link #exit}. */
    public void enter() {
        if (!uses.enter()) {
            throw removed();
        }
    }

    private LoraException removed() {
        return AdapterMessage.REMOVED.state(name);
    }

    /** Ends a use of the arrays. */
    public void exit() {
        uses.exit();
    }

    @Override
    public String toString() {
        return "Adapter(" + name + ", " + parts.parameters().size() + " parameters)";
    }
}
