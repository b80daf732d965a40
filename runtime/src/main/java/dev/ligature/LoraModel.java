package dev.ligature;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.translate.Translator;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.registry.AdapterRegistry;
import dev.ligature.internal.registry.InputRoutedBlock;
import dev.ligature.internal.registry.MergeLedger;
import dev.ligature.internal.registry.RouteTable;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.RoutedBlock;
import dev.ligature.internal.route.RoutedPredictor;
import dev.ligature.internal.slot.ModelBinding;
import dev.ligature.internal.slot.Slots;
import dev.ligature.internal.slot.Untier;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A model whose annotated modules take adapters. As a block it forwards the base alone; adapters go
 * with the request, by a {@link Routing}.
 *
 * <pre>{@code
 * LoraModel lora = LlamaForCausalLMLora.wrap(model);
 * lora.create("legal", LoraConfig.builder().setTargetModules("q_proj", "v_proj").build());
 * Block legal = lora.routed(Routing.of("legal")); // for Model.setBlock, Trainer and Predictor
 * NDList logits = lora.forward(new NDList(ids), Routing.of("legal")); // or per request
 * }</pre>
 *
 * <p>A wrapped model has four forms. All share the base's weights:
 *
 * <pre>
 * lora                     a block: the base alone
 * lora.routed(routing)     a block: the base with the adapters of one routing; can be trained
 * lora.routedByInput()     a block: each row names its adapter in an extra input
 * lora.merge(routing)      a block: W + ΔW computed once, for serving without extra cost
 * </pre>
 *
 * <p>Wrapping freezes the base's parameters; {@link #unwrap} gives the model back as it was. Any
 * number of threads may forward at once, with different adapters, while others create and remove
 * some: a request keeps its adapter until it ends.
 */
public final class LoraModel extends ForwardingBlock implements AutoCloseable {
    private final ModelBinding wrapping;
    private final Block base;
    private final Slots slots;
    private final RouteTable table;
    private final AdapterRegistry adapters; // also the lock of wrapping and unwrapping
    private final MergeLedger merges;

    private LoraModel(ModelBinding wrapping) {
        this.wrapping = wrapping;
        this.base = wrapping.base();
        this.slots = wrapping.slots();
        this.table = new RouteTable(slots, wrapping::newManager);
        this.adapters = new AdapterRegistry(wrapping, table);
        this.merges = new MergeLedger(wrapping, table);
    }

    /**
     * Wraps a model: its annotated fields take slots, and its parameters are frozen. For generated
     * code: call the {@code wrap} method of the generated class, which calls this.
     *
     * @param model the model, initialised
     * @param visit the {@code visit} method of its generated class
     * @param <M> the model class
     * @throws LoraException if the model has no arrays yet, is wrapped already, or if its ties are
     *     not what its annotations say; the model is then unchanged
     */
    public static <M extends Block> LoraModel wrap(M model, ModelWalk<? super M> visit) {
        return new LoraModel(ModelBinding.of(model, visit));
    }

    /**
     * Gives tied modules weights of their own, with the values that they have now; to be done
     * before the model is wrapped. Adapters may then treat the modules differently, and be merged.
     * Exports of the merged model hold both weights, and say {@code tie_word_embeddings: false}.
     * For generated code: call the {@code untie} method of the generated class, which calls this.
     *
     * <pre>{@code
     * LlamaForCausalLMLora.untie(model, "lm_head");
     * LoraModel lora = LlamaForCausalLMLora.wrap(model);
     * }</pre>
     *
     * @param model the model, initialised and not wrapped
     * @param visit the {@code visit} method of its generated class
     * @param modules the modules, {@code TiedLinear} or {@code TiedEmbedding} blocks, by full names
     *     or what they end with
     * @param <M> the model class
     * @throws LoraException if a name is not that of one tied module; the model is then unchanged
     */
    public static <M extends Block> void untieBase(
            M model, ModelWalk<? super M> visit, String... modules) {
        Untier untie = new Untier();
        ModuleWalker.walk(model, visit, untie);
        untie.untie(List.of(modules));
    }

    /**
     * Gives the model back as it was before it was wrapped: the base's blocks in its fields, its
     * parameters trainable where they were. Removes all adapters. Blocks that were made by {@link
     * #routed} and {@link #merge} are of no use afterwards.
     */
    public void unwrap() {
        synchronized (adapters) { // so that no adapter comes to a model that is unwrapped
            slots.checkBound();
            wrapping.undo();
            adapters.clear();
        }
    }

    /** Returns the modules that a configuration may address, with their shapes and ties. */
    public ModelLayout layout() {
        return slots.layout();
    }

    /**
     * Resolves a configuration without creating anything.
     *
     * @param config what is asked for
     * @return which weights would be adapted, with which rank and scaling, and what is tied
     * @throws LoraException if the configuration does not fit the model
     */
    public LoraPlan plan(LoraConfig config) {
        return PlanResolver.resolve(config, slots.layout());
    }

    /**
     * Creates a trainable adapter. Its factors are drawn from the engine's random numbers, as
     * {@code init_lora_weights} says; what it replaces starts with the base's values.
     *
     * @param name the adapter's name
     * @param config what is asked for
     * @throws LoraException if the name is taken or the configuration does not fit the model;
     *     nothing is changed then
     */
    public Adapter create(String name, LoraConfig config) {
        return adapters.create(name, config);
    }

    /**
     * Loads an adapter for serving from a directory as PEFT's {@code save_pretrained} writes it.
     *
     * @param name the adapter's name
     * @param directory the directory, with adapter_config.json and adapter_model.safetensors
     * @throws IOException if the files are not readable or not an adapter of this model
     * @throws LoraException if the name is taken or the configuration does not fit the model
     */
    public Adapter load(String name, Path directory) throws IOException {
        return load(name, directory, bytes -> {});
    }

    /**
     * Loads an adapter for serving, and asks for room first.
     *
     * @param name the adapter's name
     * @param directory the directory, with adapter_config.json and adapter_model.safetensors
     * @param room is told how many bytes the factors take before they are allocated; what it throws
     *     ends the load
     * @throws IOException if the files are not readable or not an adapter of this model
     * @throws LoraException if the name is taken or the configuration does not fit the model
     */
    public Adapter load(String name, Path directory, LongConsumer room) throws IOException {
        return adapters.load(name, directory, false, AdapterLoadOptions.defaults(), room);
    }

    /**
     * Loads an adapter whose file is not all that its configuration asks for in this model, or is
     * more.
     *
     * @param name the adapter's name
     * @param directory the directory, with adapter_config.json and adapter_model.safetensors
     * @param trainable whether it is to be trained further
     * @param options what need not match
     * @throws IOException if the files are not readable or not an adapter of this model
     * @throws LoraException if the name is taken or the configuration does not fit the model
     */
    public Adapter load(String name, Path directory, boolean trainable, AdapterLoadOptions options)
            throws IOException {
        return adapters.load(name, directory, trainable, options, bytes -> {});
    }

    /**
     * Loads an adapter to go on training it.
     *
     * @param name the adapter's name
     * @param directory the directory, with adapter_config.json and adapter_model.safetensors
     * @throws IOException if the files are not readable or not an adapter of this model
     * @throws LoraException if the name is taken or the configuration does not fit the model
     */
    public Adapter loadTrainable(String name, Path directory) throws IOException {
        return load(name, directory, true, AdapterLoadOptions.defaults());
    }

    /**
     * Saves an adapter as PEFT does, so that PEFT loads it. The directory appears whole or not at
     * all. An adapter that counts from where it started (PiSSA, OLoRA) is saved as a plain one of
     * twice the rank, which needs no change of the base.
     *
     * @param name the adapter's name
     * @param directory the directory to write
     * @throws IOException if it cannot be written
     */
    public void save(String name, Path directory) throws IOException {
        adapters.save(name, directory);
    }

    /**
     * Removes an adapter. Its arrays are freed when the requests that are under way on it have
     * ended.
     *
     * @param name the adapter's name
     * @throws LoraException if there is none of that name
     */
    public void remove(String name) {
        adapters.remove(name);
    }

    /**
     * Makes one adapter of several: a file of its own, or a routing that costs what one adapter
     * costs. It is not trainable, and its scaling is 1. PEFT's {@code add_weighted_adapter},
     * without its two mistakes in scaling.
     *
     * @param weights what each adapter counts for by its name, finite, in the order in which they
     *     are combined
     * @param newName the new adapter's name
     * @param combination how they are combined
     * @return the new adapter
     * @throws LoraException if there is no such adapter, if the new name is taken, or if the
     *     adapters cannot be combined
     */
    public Adapter addWeightedAdapter(
            Map<String, Double> weights, String newName, Combination combination) {
        return adapters.combine(weights, newName, combination);
    }

    /**
     * Gives an adapter another name. Requests and routed blocks that use it go on, and its handle
     * stays.
     *
     * @param name the adapter's name
     * @param newName the name it gets
     * @throws LoraException if there is none of that name, if the new name is taken or is none, or
     *     if the adapter is shared with another model, where the name would change too
     */
    public void rename(String name, String newName) {
        adapters.rename(name, newName);
    }

    /**
     * Takes in an adapter of another model with the same modules and shapes, under its name. Both
     * use the same arrays; these are freed when the last model has removed the adapter.
     *
     * @param other the model that has the adapter
     * @param name the adapter's name
     * @return the adapter
     * @throws LoraException if there is none of that name there, if the name is taken here, or if
     *     the models differ in modules, shapes, ties or data types
     */
    public Adapter share(LoraModel other, String name) {
        return adapters.share(other.adapters, name);
    }

    /**
     * Returns an adapter.
     *
     * @param name the adapter's name
     * @throws LoraException if there is none of that name
     */
    public Adapter adapter(String name) {
        return table.named(name).adapter();
    }

    /** Returns whether there is an adapter of a name. */
    public boolean hasAdapter(String name) {
        return table.contains(name);
    }

    /** Returns the adapters as they are now, sorted by name. */
    public List<Adapter> adapters() {
        return table.adapters();
    }

    /** Returns the names of the adapters, sorted. */
    public Set<String> adapterNames() {
        return table.names();
    }

    /**
     * Returns the model with adapters as a block, for {@code Model.setBlock}, a {@code Trainer} or
     * a {@code Predictor}. It shares the slots and arrays of this one, and is cheap to make.
     *
     * <p>Its parameters are the frozen base's, and those of the routing's adapters that are
     * trainable. A routing by rows is for serving: in training it is refused.
     *
     * @param routing which adapters, or none
     * @throws LoraException if there is no such adapter, or if several cannot be summed
     */
    public Block routed(Routing routing) {
        slots.checkBound();
        return routing.kind() == Routing.Kind.NONE ? this : new RoutedBlock(base, route(routing));
    }

    /** Returns the route of a routing that names an adapter; the same one while it is kept. */
    public Route route(Routing routing) {
        return table.route(routing);
    }

    /**
     * Returns the model as a block that takes the adapter of each row from its last input, for a
     * {@code Predictor} whose batchifier puts requests of different adapters together.
     *
     * <p>The input is named {@link Routing#INPUT}, is int64, of shape (B) or (B, 1), and has an
     * {@link Adapter#handle} or 0 for each row. The model does not see it. A translator appends it
     * to its inputs:
     *
     * <pre>{@code
     * NDArray adapter = manager.create(handle); // a scalar; StackBatchifier makes (B) of them
     * adapter.setName(Routing.INPUT);
     * return new NDList(ids, adapter);
     * }</pre>
     */
    public Block routedByInput() {
        slots.checkBound();
        return new InputRoutedBlock(base, table);
    }

    /**
     * Forwards one request through adapters, for serving.
     *
     * @param store the caller's parameter store
     * @param inputs the model's inputs; the results belong to the manager of the first. By rows,
     *     axis 0 of what enters each adapted module is the routing's
     * @param routing which adapters, or none
     * @return the model's outputs
     * @throws LoraException if there is no such adapter, if several cannot be summed, or if the
     *     batch has not the routing's rows
     */
    public NDList forward(ParameterStore store, NDList inputs, Routing routing) {
        return routed(routing).forward(store, inputs, false);
    }

    /**
     * Forwards one request through adapters, for serving, without a parameter store of the
     * caller's.
     *
     * @param inputs the model's inputs; the results belong to the manager of the first
     * @param routing which adapters, or none
     * @return the model's outputs
     * @throws LoraException as {@link #forward(ParameterStore, NDList, Routing)}
     */
    public NDList forward(NDList inputs, Routing routing) {
        // A store keeps the parameters that it was asked for, so each request has one of its own.
        return forward(new ParameterStore(inputs.head().getManager(), false), inputs, routing);
    }

    /**
     * Returns a predictor through adapters, on the base's device. Closing it frees what it has made
     * and leaves this model as it is.
     *
     * @param translator turns the caller's inputs into the model's, and its outputs back
     * @param routing which adapters, or none
     * @param <I> the type of the inputs
     * @param <O> the type of the outputs
     * @throws LoraException if there is no such adapter, or if several cannot be summed
     */
    public <I, O> Predictor<I, O> newPredictor(Translator<I, O> translator, Routing routing) {
        return RoutedPredictor.of(routed(routing), wrapping.device(), translator);
    }

    /**
     * Sets how many bytes the stacked factors of batches may take; 256 MiB at first. A batch whose
     * rows go through many adapters uses a copy of their factors. It is kept for later batches of
     * the same adapters or, where the ranks of all sum to more than 32, of the same rows; the one
     * that was used last the longest. A batch that needs more is computed adapter by adapter.
     * Requests that are under way keep theirs until they end.
     *
     * @param bytes the number of bytes, with 2 KiB for each array; 0 for no copies
     */
    public void setRowFactorBudget(long bytes) {
        table.stacks().setBudget(bytes);
    }

    /**
     * Merges adapters into a view of the model; nothing is written to the base.
     *
     * @param routing which adapter, or several with weights
     * @throws LoraException if there is no such adapter, or if it treats the readers of a tied
     *     weight differently, or if the routing is by rows
     */
    public MergedModel merge(Routing routing) {
        return merge(routing, MergeOptions.DEFAULT);
    }

    /**
     * Merges adapters into a view of the model; nothing is written to the base.
     *
     * @param routing which adapter, or several with weights
     * @param options whether to check for values that are not finite
     * @throws LoraException if there is no such adapter, if it treats the readers of a tied weight
     *     differently, or if the check fails
     */
    public MergedModel merge(Routing routing, MergeOptions options) {
        return merges.open(routing, options);
    }

    /**
     * Writes adapters into the base's weights and gives the model back, as {@link #unwrap} does. It
     * needs the model to itself: no request may be under way, and a base in which several models
     * share weights changes for all of them. Nothing is written unless all of it can be.
     *
     * @param routing which adapter, or several with weights
     * @param options whether to check for values that are not finite
     * @throws LoraException if merged models are open, if there is no such adapter, if it treats
     *     the readers of a tied weight differently, or if the check fails; nothing has changed then
     */
    public void mergeAndUnwrap(Routing routing, MergeOptions options) {
        synchronized (adapters) {
            merges.write(routing, options);
            unwrap();
        }
    }

    /**
     * Unwraps the model, as {@link #unwrap} does, and so frees all adapters. Does nothing if that
     * was done already.
     */
    @Override
    public void close() {
        synchronized (adapters) {
            if (slots.isBound()) {
                unwrap();
            }
        }
    }

    @Override
    public Block base() {
        return base;
    }

    /** Forwards the base alone. */
    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        slots.checkBound();
        return base.forward(parameterStore, inputs, training, params);
    }

    /** Does nothing: the base is frozen while it is wrapped. */
    @Override
    public void freezeParameters(boolean freeze) {}

    /** Does nothing: the base is frozen while it is wrapped. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {}

    @Override
    public String toString() {
        return "LoraModel(" + base + ", adapters " + adapterNames() + ")";
    }
}
