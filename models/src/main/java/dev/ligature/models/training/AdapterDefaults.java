package dev.ligature.models.training;

import dev.ligature.config.LoraConfig;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What PEFT adds to the configuration of a new adapter, by the model that it is for. */
public final class AdapterDefaults {
    /** The names of queries and values in models of different families, as PEFT lists them. */
    private static final List<List<String>> TARGETS =
            List.of(
                    List.of("q_proj", "v_proj"),
                    List.of("query", "value"),
                    List.of("q", "v"),
                    List.of("c_attn"),
                    List.of("qkv_proj"),
                    List.of("Wqkv"));

    private static final Set<ModelTask> CLASSIFIERS =
            EnumSet.of(ModelTask.SEQ_CLS, ModelTask.TOKEN_CLS);

    private AdapterDefaults() {}

    /**
     * Returns what is adapted where nothing is named: the projections of queries and values; empty
     * if the model's have other names than those of the families here.
     *
     * @param model the model
     */
    public static Optional<List<String>> targets(PretrainedModel model) {
        return TARGETS.stream()
                .filter(names -> names.stream().allMatch(name -> has(model, name)))
                .findFirst();
    }

    private static boolean has(PretrainedModel model, String name) {
        return model.lora().layout().modules().stream()
                .anyMatch(module -> module.name().endsWith("." + name));
    }

    /**
     * Returns a configuration with the model's {@code task_type}; for a classifier also with the
     * names of its head in {@code modules_to_save}, so that the head is trained and saved whole.
     *
     * <p>For an encoder-decoder it stays without one: PEFT 0.21 cannot open an adapter of {@code
     * SEQ_2_SEQ_LM} with Transformers 5.18, and opens one without a type.
     *
     * @param config the configuration
     * @param origin where it is from, for messages
     * @param model the model
     * @throws dev.ligature.LoraException if it has a {@code task_type} that does not fit the model
     */
    public static LoraConfig complete(LoraConfig config, Object origin, PretrainedModel model) {
        ModelTask task = model.task();
        String type = config.metadata().taskType();
        if (type != null && !type.equals(task.taskType())) {
            throw ModelMessage.CONFIG_TASK.error(
                    origin, type, model.directory(), task.title(), task.taskType());
        }
        LoraConfig.Builder builder =
                config.toBuilder()
                        .optTaskType(task == ModelTask.SEQ_2_SEQ_LM ? type : task.taskType());
        if (CLASSIFIERS.contains(task)) {
            Collection<String> saved = new LinkedHashSet<>(config.modulesToSave());
            saved.addAll(List.of("classifier", "score"));
            builder.optModulesToSave(saved);
        }
        return builder.build();
    }

    /** Returns the names of the pairs of factors that an embedding reads, by itself or tied. */
    public static Set<String> pairsOfEmbeddings(LoraPlan plan) {
        return plan.pairs().stream()
                .filter(
                        pair ->
                                pair.readers().stream()
                                        .anyMatch(r -> r.kind() == ModuleKind.EMBEDDING))
                .map(PairPlan::name)
                .collect(Collectors.toSet());
    }
}
