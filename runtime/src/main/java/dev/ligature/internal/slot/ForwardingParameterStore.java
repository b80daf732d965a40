package dev.ligature.internal.slot;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import dev.ligature.ops.ModelPass;
import dev.ligature.ops.OperatorSource;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/**
 * A store of one forward pass in front of another: everything but what a parameter's value is goes
 * to the other. Its manager is the request's, because the caller's may live for ever.
 */
public abstract class ForwardingParameterStore extends ParameterStore implements OperatorSource {
    private final ParameterStore next;
    private final NDManager manager;

    public ForwardingParameterStore(ParameterStore next, NDManager manager) {
        super(manager, false);
        this.next = next;
        this.manager = manager;
    }

    @Override
    public final NDManager getManager() {
        return manager;
    }

    @Override
    public @Nullable Operators operators(boolean training) {
        return next instanceof OperatorSource source ? source.operators(training) : null;
    }

    @Override
    public @Nullable ModelPass modelPass() {
        return next instanceof OperatorSource source ? source.modelPass() : null;
    }

    @Override
    public final void setParameterServer(ParameterServer parameterServer, Device[] devices) {
        next.setParameterServer(parameterServer, devices);
    }

    @Override
    public final void updateAllParameters() {
        next.updateAllParameters();
    }

    @Override
    public final void sync() {
        next.sync();
    }
}
