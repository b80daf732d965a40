package dev.ligature.interop;

import dev.ligature.annotation.Role;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.peft.UnsupportedField;
import dev.ligature.interop.ServingCompatibility.Effect;
import dev.ligature.interop.ServingCompatibility.Finding;
import dev.ligature.interop.ServingCompatibility.Server;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The rules of {@link ServingCompatibility}: one method for each thing that a server minds. */
final class ServingRules {
    private static final String MERGE = " Merge the adapter and serve the checkpoint.";
    private static final int VLLM_DEFAULT_RANK = 16;
    private static final List<Integer> VLLM_RANKS = List.of(16, 32, 64, 128, 256, 320, 512);
    private static final Set<String> VLLM_SAVED_MODULES = Set.of("classifier", "score");

    /** Inits that leave the base as it is. */
    private static final Set<String> HARMLESS_INITS =
            Set.of("gaussian", "orthogonal", "eva", "mica");

    private final LoraPlan plan;
    private final ModelLayout layout;
    private final Map<String, ? extends @Nullable Object> fields;
    private final List<Finding> vllm = new ArrayList<>();
    private final List<Finding> llamaCpp = new ArrayList<>();

    /**
     * Creates the rules for an adapter.
     *
     * @param plan the adapter's plan
     * @param layout the model that it was resolved for
     * @param fields the fields of the file {@code adapter_config.json}
     */
    ServingRules(
            LoraPlan plan, ModelLayout layout, Map<String, ? extends @Nullable Object> fields) {
        this.plan = plan;
        this.layout = layout;
        this.fields = fields;
    }

    /** Returns what stands in the way, for vLLM first. */
    List<Finding> findings() {
        savedModules();
        unsupported("use_dora", "it uses DoRA, which is not supported.");
        unsupported("bias", "it trains biases, which are not supported.");
        unsupported("lora_bias", "its factors have biases, which are not supported.");
        unsupported(
                "trainable_token_indices",
                "it trains single token rows, whose tensors are not known.");
        unsupported("layer_replication", "it replicates layers, which is not supported.");
        parameters();
        kinds();
        initOfTheBase();
        rank();
        scaling();
        embeddings();
        tiedHead();
        baseModel();
        List<Finding> all = new ArrayList<>(vllm);
        all.addAll(llamaCpp);
        return all;
    }

    private void vllm(Effect effect, String reason) {
        vllm.add(new Finding(Server.VLLM, effect, reason));
    }

    private void llamaCpp(Effect effect, String reason) {
        llamaCpp.add(new Finding(Server.LLAMA_CPP, effect, reason));
    }

    private void both(Effect effect, String reason) {
        vllm(effect, reason);
        llamaCpp(effect, reason);
    }

    private boolean isSet(String field) {
        Object value = fields.get(field);
        return !UnsupportedField.isEmpty(value) && !"none".equals(value);
    }

    private void unsupported(String field, String reason) {
        if (isSet(field)) {
            both(Effect.REFUSED, reason + MERGE);
        }
    }

    private void savedModules() {
        if (!isSet("modules_to_save")) {
            return;
        }
        Object value = fields.get("modules_to_save");
        String reason = "modules_to_save is " + value + ", and ";
        if (!(value instanceof Iterable<?> names)
                || !VLLM_SAVED_MODULES.containsAll(texts(names))) {
            vllm(Effect.REFUSED, reason + "only the heads of classifiers may be replaced." + MERGE);
        }
        llamaCpp(
                Effect.REFUSED,
                reason
                        + "the converter takes no whole weights but norms, which the loader"
                        + " then ignores."
                        + MERGE);
    }

    private static Set<String> texts(Iterable<?> values) {
        Set<String> texts = new TreeSet<>();
        values.forEach(value -> texts.add(String.valueOf(value)));
        return texts;
    }

    private void parameters() {
        if (isSet("target_parameters")) {
            vllm(
                    Effect.DEPENDS,
                    "target_parameters is "
                            + fields.get("target_parameters")
                            + ": taken for the experts of some models only. Try it, or merge"
                            + " the adapter.");
            llamaCpp(
                    Effect.REFUSED,
                    "target_parameters is "
                            + fields.get("target_parameters")
                            + ", whose tensors are not known."
                            + MERGE);
        }
    }

    private void kinds() {
        List<String> others =
                plan.pairs().stream()
                        .flatMap(pair -> pair.readers().stream())
                        .filter(
                                reader ->
                                        reader.kind() != ModuleKind.LINEAR
                                                && reader.kind() != ModuleKind.EMBEDDING)
                        .map(PairPlan.Reader::module)
                        .toList();
        if (!others.isEmpty()) {
            both(
                    Effect.REFUSED,
                    "it adapts "
                            + NameList.list(others)
                            + ", which are neither linear nor embeddings."
                            + MERGE);
        }
    }

    private void initOfTheBase() {
        if (fields.get("init_lora_weights") instanceof String init
                && !HARMLESS_INITS.contains(init)) {
            both(
                    Effect.DIFFERENT,
                    "init_lora_weights is "
                            + init
                            + ", so the adapter belongs to a base with other weights than the"
                            + " one that is served. Save it as plain LoRA.");
        }
    }

    private void rank() {
        int most = plan.pairs().stream().mapToInt(PairPlan::rank).max().orElse(0);
        if (most > VLLM_RANKS.get(VLLM_RANKS.size() - 1)) {
            vllm(
                    Effect.REFUSED,
                    "the rank is " + most + ", and the largest allowed is 512." + MERGE);
        } else if (most > VLLM_DEFAULT_RANK) {
            int option = VLLM_RANKS.stream().filter(rank -> rank >= most).findFirst().orElse(0);
            vllm(
                    Effect.DEPENDS,
                    "the rank is "
                            + most
                            + ", and the default limit "
                            + VLLM_DEFAULT_RANK
                            + ". Start it with --max-lora-rank "
                            + option
                            + ".");
        }
    }

    private void scaling() {
        double alpha = plan.config().loraAlpha();
        int rank = plan.config().rank();
        double one = alpha / (plan.config().useRslora() ? Math.sqrt(rank) : rank);
        List<String> other = modules(pair -> pair.scaling() != one);
        if (!other.isEmpty()) {
            vllm(
                    Effect.DIFFERENT,
                    "all modules are scaled by "
                            + one
                            + ", also "
                            + NameList.list(other)
                            + ": rank_pattern and alpha_pattern are ignored. Use one rank and"
                            + " alpha, or merge the adapter.");
        }
        List<String> wrong = modules(pair -> pair.scaling() != alpha / pair.rank());
        if (!wrong.isEmpty()) {
            llamaCpp(
                    Effect.DIFFERENT,
                    NameList.list(wrong)
                            + " would be scaled by "
                            + alpha
                            + " / r: "
                            + (plan.config().useRslora() ? "use_rslora" : "alpha_pattern")
                            + " is ignored. Use plain scaling with one alpha, or merge the"
                            + " adapter.");
        }
    }

    private List<String> modules(Predicate<PairPlan> condition) {
        return plan.pairs().stream()
                .filter(condition)
                .flatMap(pair -> pair.readers().stream())
                .map(PairPlan.Reader::module)
                .toList();
    }

    private void embeddings() {
        Set<String> heads =
                layout.modules().stream()
                        .filter(module -> module.role() == Role.OUTPUT_HEAD)
                        .map(ModelLayout.Module::name)
                        .collect(Collectors.toSet());
        List<String> found =
                plan.pairs().stream()
                        .flatMap(pair -> pair.readers().stream())
                        .filter(
                                reader ->
                                        reader.kind() == ModuleKind.EMBEDDING
                                                || heads.contains(reader.module()))
                        .map(PairPlan.Reader::module)
                        .toList();
        if (!found.isEmpty()) {
            vllm(
                    Effect.DEPENDS,
                    "it adapts "
                            + NameList.list(found)
                            + ": embeddings and heads are taken for architectures such as Llama"
                            + " and Mistral, and refused for others, Qwen2 and Gemma among"
                            + " them. Try it, or merge the adapter.");
        }
    }

    private void tiedHead() {
        for (PairPlan pair : plan.pairs()) {
            for (PairPlan.Reader reader : pair.readers()) {
                boolean owner = reader.module().equals(pair.weight());
                if (!owner && reader.kind() == ModuleKind.LINEAR) {
                    llamaCpp(
                            Effect.REFUSED,
                            reader.module()
                                    + " is tied to "
                                    + pair.weight()
                                    + ", and the model has no tensor for it, so the loader"
                                    + " finds none to adapt."
                                    + MERGE);
                }
                if (owner && reader.kind() == ModuleKind.EMBEDDING && hasOtherReader(pair)) {
                    llamaCpp(
                            Effect.DEPENDS,
                            reader.module()
                                    + " has a tied head, which reads the same tensor: the pair"
                                    + " of the embedding does not fit it. Try it, or merge the"
                                    + " adapter.");
                }
            }
        }
    }

    /** Returns whether the model has a reader of the weight that the pair leaves out. */
    private boolean hasOtherReader(PairPlan pair) {
        Set<String> readers =
                pair.readers().stream().map(PairPlan.Reader::module).collect(Collectors.toSet());
        return layout.modules().stream()
                .anyMatch(
                        module ->
                                module.weight().equals(pair.weight())
                                        && !readers.contains(module.name()));
    }

    private void baseModel() {
        if (!isSet("base_model_name_or_path")) {
            llamaCpp(
                    Effect.DEPENDS,
                    "base_model_name_or_path is not set. Give the converter the base with"
                            + " --base.");
        }
    }
}
