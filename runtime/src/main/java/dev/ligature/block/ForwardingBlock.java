package dev.ligature.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A block in front of an initialised base block: everything but the forward pass is the base's.
 *
 * <p>{@code initialize} and {@code setInitializer} do nothing, because the base has its arrays; the
 * trainer of DJL calls both.
 */
public abstract class ForwardingBlock implements Block {
    /** For subclasses. */
    protected ForwardingBlock() {}

    /** Returns the base block. */
    public abstract Block base();

    @Override
    public void setInitializer(Initializer initializer, Parameter.Type type) {}

    @Override
    public void setInitializer(Initializer initializer, String parameter) {}

    @Override
    public void setInitializer(Initializer initializer, Predicate<Parameter> predicate) {}

    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {}

    /** Does nothing by default: the base of a wrapped model is frozen. */
    @Override
    public void freezeParameters(boolean freeze) {}

    /** Does nothing by default: the base of a wrapped model is frozen. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {}

    @Override
    public boolean isInitialized() {
        // Asked in each training forward; asking the base would walk its whole tree.
        return true;
    }

    /**
     * Refuses a cast: adapters are planned for the data types that the base has.
     *
     * @throws dev.ligature.LoraStateException always
     */
    @Override
    public void cast(DataType dataType) {
        throw BlockMessage.CAST.state(getClass().getSimpleName(), dataType);
    }

    @Override
    public void clear() {
        // The base and the adapters own their arrays; a model that is closed must not take them.
    }

    @Override
    public PairList<String, Shape> describeInput() {
        return base().describeInput();
    }

    @Override
    public BlockList getChildren() {
        return base().getChildren();
    }

    @Override
    public ParameterList getDirectParameters() {
        return base().getDirectParameters();
    }

    @Override
    public ParameterList getParameters() {
        return base().getParameters();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return base().getOutputShapes(inputShapes);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
        return base().getOutputShapes(inputShapes, dataTypes);
    }

    @Override
    public Shape[] getInputShapes() {
        return base().getInputShapes();
    }

    @Override
    public DataType[] getOutputDataTypes() {
        return base().getOutputDataTypes();
    }

    @Override
    public void saveParameters(DataOutputStream stream) throws IOException {
        base().saveParameters(stream);
    }

    @Override
    public void loadParameters(NDManager manager, DataInputStream stream)
            throws IOException, MalformedModelException {
        base().loadParameters(manager, stream);
    }

    @Override
    public Map<String, String> getCustomMetadata() {
        return base().getCustomMetadata();
    }
}
