package dev.ligature;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.translate.Translator;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.adapter.FactorDraws;
import dev.ligature.internal.merge.MergeLedger;
import dev.ligature.internal.registry.AdapterRegistry;
import dev.ligature.internal.registry.InputRoutedBlock;
import dev.ligature.internal.registry.RouteTable;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.internal.route.RoutedBlock;
import dev.ligature.internal.route.RoutedPredictor;
import dev.ligature.internal.slot.ModelBinding;
import dev.ligature.internal.slot.Untier;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model whose annotated modules take adapters. As a block it forwards the base alone; adapters go
 * with the request, by a {@link Routing}.
 *
 * <pre>{@code
 * LoraModel lora = LlamaForCausalLMLora.wrap(model);
 * lora.create("legal", LoraConfig.builder().setTargetModules("q_proj", "v_proj").build());
 * NDList logits = lora.forward(new NDList(ids), Routing.of("legal"));
 * }</pre>
 *
 * <p>A wrapped model has four forms, each a DJL block over the same base weights W:
 *
 * <pre>
 * lora                  W x                         the base alone
 * lora.routed(routing)  W x + s B A x               one or several adapters, or one per row; trainable
 * lora.routedByInput()  row i: W xᵢ + sᵢ Bᵢ Aᵢ xᵢ   an extra input names the adapter of each row
 * lora.merge(routing)   (W + s B A) x               W + s B A computed once; costs what the base does
 * </pre>
 *
 * <p>Thread-safe: any number of threads may forward at once, with different adapters, while others
 * create and remove some; a request keeps its adapter until it ends. Wrapping freezes the base's
 * parameters; {@link #unwrap} gives the model back as it was, and what needs the model then reports
 * {@code LoraUnwrapped}. Each method names its errors' {@link LoraException#code codes}; an {@link
 * UnknownAdapterException} means an unknown name, a {@link LoraStateException} "try again later".
 */
public final class LoraModel extends ForwardingBlock implements AutoCloseable {
    private final ModelBinding binding;
    private final RouteTable table;
    private final AdapterRegistry adapters;
    private final MergeLedger merges;

    static {
        AdapterRegistry.setAccess(model -> ((LoraModel) model).adapters);
    }

    private LoraModel(ModelBinding binding) {
        this.binding = binding;
        this.table = new RouteTable(binding.slots(), binding::newManager);
        this.adapters = new AdapterRegistry(binding, table);
        this.merges = new MergeLedger(binding, table);
    }

    /**
     * Wraps an initialised model: its annotated fields take slots, and its parameters are frozen.
     * For generated code: the {@code wrap} method of the generated class calls this.
     *
     * @throws LoraException if the model has no arrays yet ({@code LoraNotInitialized}), is wrapped
     *     ({@code LoraAlreadyWrapped}), or its ties are not what its annotations say ({@code
     *     LoraTieBroken}, {@code LoraTieUndeclared}); the model is then unchanged
     */
    public static <M extends Block> LoraModel wrap(M model, ModelWalk<? super M> visit) {
        return new LoraModel(ModelBinding.of(model, visit));
    }

    /**
     * Gives tied modules, named in full or by what their names end with ({@code "lm_head"}),
     * weights of their own with the values that they have now. Adapters may then treat the modules
     * differently, and be merged; exports hold both weights and say {@code tie_word_embeddings:
     * false}. For generated code: the {@code untie} method of the generated class calls this.
     *
     * @throws LoraException {@code LoraUntie} if a name is not that of one tied module, or the
     *     model is wrapped; it is then unchanged
     */
    public static <M extends Block> void untieBase(
            M model, ModelWalk<? super M> visit, String... modules) {
        Untier.untie(model, visit, List.of(modules));
    }

    /**
     * Removes all adapters and gives the model back as it was before it was wrapped. Blocks made by
     * {@link #routed} and {@link #merge} are unusable afterwards.
     */
    public void unwrap() {
        adapters.unwrap(() -> {});
    }

    /** Unwraps the model, as {@link #unwrap} does; does nothing if that was done already. */
    @Override
    public void close() {
        adapters.close();
    }

    /** Returns the modules that a configuration may address, with their shapes and ties. */
    public ModelLayout layout() {
        return binding.slots().layout();
    }

    /**
     * Resolves a configuration without creating anything: which weights would be adapted, with
     * which rank and scaling, and what is tied.
     *
     * @throws LoraException if it does not fit the model; one error names all problems
     */
    public LoraPlan plan(LoraConfig config) {
        return PlanResolver.resolve(config, layout());
    }

    /**
     * Creates a trainable adapter. Its factors are drawn as {@code init_lora_weights} says; what it
     * replaces starts with the base's values.
     *
     * @param seed decides the factors: the same on every engine, device and run
     * @throws LoraException if the name is invalid ({@code LoraAdapterName}) or taken ({@code
     *     LoraAdapterExists}), or as {@link #plan}; nothing is changed then
     */
    public Adapter create(String name, LoraConfig config, long seed) {
        return adapters.create(name, config, FactorDraws.seeded(seed));
    }

    /** Creates an adapter whose factors are drawn from the engine's random numbers. */
    public Adapter create(String name, LoraConfig config) {
        return adapters.create(name, config, FactorDraws.ofEngine());
    }

    /** Loads an adapter for serving, with {@link AdapterLoadOptions#defaults}. */
    public Adapter load(String name, Path directory) throws IOException {
        return load(name, directory, AdapterLoadOptions.defaults());
    }

    /**
     * Loads an adapter from a directory as PEFT's {@code save_pretrained} writes it, with
     * adapter_config.json and adapter_model.safetensors.
     *
     * @param options whether it is to be trained, and which differences to the file are allowed
     * @throws IOException if a file cannot be read; a {@link
     *     dev.ligature.checkpoint.CheckpointException} if the files are damaged, or are not an
     *     adapter of this model
     * @throws LoraException as {@link #create}
     */
    public Adapter load(String name, Path directory, AdapterLoadOptions options)
            throws IOException {
        return adapters.load(name, directory, options, bytes -> {});
    }

    /**
     * Saves an adapter as PEFT does; the directory appears whole or not at all. A PiSSA or OLoRA
     * adapter is saved as a plain one of twice the rank, which needs no change of the base.
     *
     * @throws IOException if it cannot be written
     */
    public void save(String name, Path directory) throws IOException {
        adapters.save(name, directory);
    }

    /** Removes an adapter. Its arrays are freed when the requests that use it have ended. */
    public void remove(String name) {
        adapters.remove(name);
    }

    /**
     * Combines several adapters into a new one, as PEFT's {@code add_weighted_adapter} does,
     * without its two mistakes in scaling. The new adapter is not trainable and its scaling is 1.
     *
     * @param weights the weight of each adapter by its name, in the order of combination
     * @throws LoraException as {@link #create}, or if the adapters cannot be combined ({@code
     *     LoraCombinationRanks}, {@code LoraCombinationTie}, {@code LoraCombinationUnsupported})
     */
    public Adapter addWeightedAdapter(
            Map<String, Double> weights, String newName, Combination combination) {
        return adapters.combine(weights, newName, combination);
    }

    /**
     * Renames an adapter. Requests and routed blocks that use it go on, and its handle stays.
     *
     * @throws LoraException as {@link #create}, or if another model shares the adapter ({@code
     *     LoraAdapterShared})
     */
    public void rename(String name, String newName) {
        adapters.rename(name, newName);
    }

    /**
     * Adds an adapter of another model with the same modules and shapes, under its name. Both use
     * the same arrays, which are freed when the last model has removed the adapter.
     *
     * @throws LoraException as {@link #create}, or if the models differ in modules, shapes, ties or
     *     data types ({@code LoraShareMismatch})
     */
    public Adapter share(LoraModel other, String name) {
        return adapters.share(other.adapters, name);
    }

    /** Returns an adapter, or throws an {@link UnknownAdapterException}. */
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
     * a {@code Predictor}. It shares all arrays with this model. Its parameters are the frozen
     * base's, and those of the routing's trainable adapters; a routing by rows cannot be trained.
     *
     * @throws LoraException if adapters are unknown, or cannot be summed ({@code
     *     LoraReplacedTwice}, {@code LoraAdaptersConflict})
     */
    public Block routed(Routing routing) {
        binding.slots().checkBound();
        return routing.kind() == Routing.Kind.NONE
                ? this
                : new RoutedBlock(base(), table.route(routing));
    }

    /**
     * Returns the model as a block that takes the adapter of each row from its last input, for a
     * {@code Predictor} whose batchifier puts requests of different adapters together. The input is
     * named {@link Routing#INPUT}, is int64, of shape (B) or (B, 1), and has an {@link
     * Adapter#handle} or 0 for each row. A translator appends it; the model does not see it:
     *
     * <pre>{@code
     * NDArray adapter = manager.create(handle); // a scalar; StackBatchifier makes (B) of them
     * adapter.setName(Routing.INPUT);
     * return new NDList(ids, adapter);
     * }</pre>
     */
    public Block routedByInput() {
        binding.slots().checkBound();
        return new InputRoutedBlock(base(), table);
    }

    /**
     * Forwards one request through adapters, for serving.
     *
     * @param inputs the model's inputs; the results belong to the manager of the first. By rows,
     *     axis 0 of what enters each adapted module is the routing's
     * @throws LoraException as {@link #routed}, or if the batch has other rows than the routing
     *     ({@code LoraRowsMismatch})
     */
    public NDList forward(ParameterStore store, NDList inputs, Routing routing) {
        return routed(routing).forward(store, inputs, false);
    }

    /** Does the same without a parameter store of the caller's. */
    public NDList forward(NDList inputs, Routing routing) {
        // A store keeps the parameters that it was asked for, so each request has one of its own.
        return forward(new ParameterStore(inputs.head().getManager(), false), inputs, routing);
    }

    /** Returns a predictor on the base's device, whose closing leaves this model as it is. */
    public <I, O> Predictor<I, O> newPredictor(Translator<I, O> translator, Routing routing) {
        return RoutedPredictor.of(routed(routing), binding.device(), translator);
    }

    /**
     * Sets the bytes for mixed batches, those of {@link Routing#rows}; 256 MiB by default. Such a
     * batch multiplies by a stacked copy of the factors of its adapters. Copies, each array with 2
     * KiB besides its numbers, are cached per set of adapters, whichever rows they are for, and
     * evicted least recently used first. A batch whose copies do not fit is computed adapter by
     * adapter: more slowly, with the same result.
     */
    public void setMixedBatchMemory(long bytes) {
        table.stacks().setBudget(bytes);
    }

    /** Merges adapters without the check of {@link MergeOptions#SAFE}. */
    public MergedModel merge(Routing routing) {
        return merge(routing, MergeOptions.DEFAULT);
    }

    /**
     * Merges one adapter, or several with weights, into a model of its own over the same base;
     * nothing is written to the base.
     *
     * @throws LoraException if the routing names no adapter ({@code LoraNothingToMerge}), an
     *     unknown one or one per row ({@code LoraMergeRows}), if an adapter treats the readers of a
     *     tied weight differently ({@code LoraTieTreatedDifferently}) or has a bias with no place
     *     in the base ({@code LoraBiasMerge}), or if a checked weight is not finite ({@code
     *     LoraMergeNotFinite})
     */
    public MergedModel merge(Routing routing, MergeOptions options) {
        return new MergedModel(merges.open(routing, options));
    }

    /**
     * Writes adapters into the base's weights, for all models that share them, and unwraps the
     * model. No request may be under way. Nothing is written unless all of it can be.
     *
     * @throws LoraException as {@link #merge(Routing, MergeOptions)}, or if merged models are open
     *     ({@code LoraMergesOpen}); nothing has changed then
     */
    public void mergeAndUnwrap(Routing routing, MergeOptions options) {
        adapters.unwrap(() -> merges.write(routing, options));
    }

    @Override
    public Block base() {
        return binding.base();
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        binding.slots().checkBound();
        return base().forward(parameterStore, inputs, training, params);
    }

    @Override
    public String toString() {
        return "LoraModel(" + base() + ", adapters " + adapterNames() + ")";
    }
}
