package dev.ligature.pytorch;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A loaded module of operators. Thread-safe; lives as long as the process. */
final class Script implements AutoCloseable {
    /** The engine's name in DJL. */
    static final String ENGINE = "PyTorch";

    /** The class in the text of the operators. */
    static final String OPERATORS = "Operators";

    /** The name of the operators of training and of many rows. */
    static final String MANY = "operators";

    private final Model model; // DJL closes the block with it
    private final Block block;
    private final NDManager manager;
    private final ParameterStore store;
    private final Map<String, NDArray> methods = new ConcurrentHashMap<>();

    private Script(Model model) {
        this.model = model;
        this.block = model.getBlock();
        this.manager = NDManager.newBaseManager(ENGINE);
        this.store = new ParameterStore(manager, false);
    }

    /**
     * Loads operators.
     *
     * @param name {@link #MANY} or {@link Decoding#SCRIPT}
     * @param product how they multiply: {@code onednn} or {@code matmul}
     * @throws RuntimeException if the engine does not take the text, such as one that was built
     *     without an operator
     */
    static Script load(String name, String product) {
        return of(OPERATORS, text(name) + text("product-" + product));
    }

    /**
     * Loads a module of a text.
     *
     * @param className the module's class in the text
     */
    static Script of(String className, String text) {
        Model model = Model.newInstance(className, ENGINE);
        try {
            model.load(new ByteArrayInputStream(ScriptArchive.of(className, text)), null);
        } catch (IOException | MalformedModelException e) {
            model.close();
            throw new IllegalStateException(e);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        return new Script(model);
    }

    @Override
    public void close() {
        manager.close();
        model.close();
    }

    /** Returns the text of a resource beside this class. */
    static String text(String name) {
        try (InputStream in = Script.class.getResourceAsStream(name + ".py")) {
            if (in == null) {
                throw new IllegalStateException(name + ".py is not beside its class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Calls a method.
     *
     * @param arguments its arguments, without names: DJL would take an array with a dot in its name
     *     for a dictionary
     * @return what it returns, which belongs to the first argument's manager
     */
    NDList call(String method, NDArray... arguments) {
        NDList list = new NDList(arguments.length + 1);
        for (NDArray argument : arguments) {
            list.add(argument);
        }
        return call(method, list);
    }

    /**
     * Calls a method.
     *
     * @param list its arguments, to which this adds; those with one name {@code x[]} become a list
     * @return what it returns, which belongs to the first argument's manager
     */
    NDList call(String method, NDList list) {
        list.add(methods.computeIfAbsent(method, this::selector));
        // Without a graph in the arguments there is none in the results. "false" would compute
        // inference tensors, which nothing may be done to in place.
        return block.forward(store, list, true);
    }

    /**
     * Calls a method that takes lists, of arrays of any names.
     *
     * @param owner the owner of what it returns
     * @param arguments its arguments
     * @return what it returns; nothing may be done to it in place
     */
    NDArray run(String method, NDManager owner, IValue... arguments) {
        try (IValue result = IValueUtils.runMethod((PtSymbolBlock) block, method, arguments)) {
            return result.toTensor((PtNDManager) owner);
        }
    }

    /**
     * Returns {@code x Wᵀ + bias}, which belongs to x's manager.
     *
     * @param x the input, without a name
     * @param weight W, without a name
     * @param bias the bias, if there is one
     */
    NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        if (bias == null) {
            return call("linear", x, weight).singletonOrThrow();
        }
        try (NDArray unnamed = Tensors.detached(bias, x.getManager())) {
            return call("linear_bias", x, weight, unnamed).singletonOrThrow();
        }
    }

    /** Returns an array by whose name DJL's engine chooses the method. */
    private NDArray selector(String method) {
        NDArray selector = manager.zeros(new Shape(1));
        selector.setName("module_method:" + method);
        return selector;
    }

    @Override
    public String toString() {
        return "Script(" + model.getName() + ")";
    }
}
