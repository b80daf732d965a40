package dev.ligature.cli.report;

import dev.ligature.interop.ServingCompatibility;
import dev.ligature.interop.ServingCompatibility.Server;
import dev.ligature.models.ModelTask;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.nio.file.Path;

/** How other programs load an adapter. */
final class HowToLoad {
    private final Path model;
    private final Path adapter;
    private final String name;
    private final ModelTask task;

    /**
     * Creates it.
     *
     * @param model the base model
     * @param adapter the adapter's folder
     * @param task what the model is for
     */
    HowToLoad(Path model, Path adapter, ModelTask task) {
        this.model = model;
        this.adapter = adapter;
        this.name = String.valueOf(adapter.toAbsolutePath().normalize().getFileName());
        this.task = task;
    }

    void write(Markup page, LoraPlan plan, ServingCompatibility servers) {
        code(page, "Java", java());
        code(page, "PEFT", peft());
        if (task != ModelTask.CAUSAL_LM) {
            return;
        }
        if (servers.accepts(Server.VLLM)) {
            int rank = plan.pairs().stream().mapToInt(PairPlan::rank).max().orElse(1);
            code(page, "vLLM", vllm(rank));
        } else {
            page.element("h3", "vLLM");
        }
        if (servers.findings().isEmpty()) {
            return;
        }
        page.open("ul");
        for (ServingCompatibility.Finding finding : servers.findings()) {
            page.element("li", finding);
        }
        page.close().line();
    }

    private static void code(Markup page, String title, String text) {
        page.element("h3", title);
        page.open("pre", "tabindex", 0).element("code", text).close().line();
    }

    private String java() {
        return """
                try (PretrainedModel model = PretrainedModel.load(Path.of("%s"))) {
                    model.loadAdapter("%s", Path.of("%s"), AdapterLoadOptions.defaults());
                    NDList outputs = model.lora().forward(inputs, Routing.of("%2$s"));
                }
                """
                .formatted(quoted(model), quoted(name), quoted(adapter));
    }

    private String peft() {
        String type =
                switch (task) {
                    case CAUSAL_LM -> "AutoModelForCausalLM";
                    case SEQ_2_SEQ_LM -> "AutoModelForSeq2SeqLM";
                    case MASKED_LM -> "AutoModelForMaskedLM";
                    case SEQ_CLS -> "AutoModelForSequenceClassification";
                    case TOKEN_CLS -> "AutoModelForTokenClassification";
                    case FEATURE_EXTRACTION -> "AutoModel";
                };
        return """
                from peft import PeftModel
                from transformers import %s

                base = %1$s.from_pretrained("%s")
                model = PeftModel.from_pretrained(base, "%s")
                """
                .formatted(type, quoted(model), quoted(adapter));
    }

    private String vllm(int rank) {
        return "vllm serve '%s' --enable-lora --max-lora-rank %d --lora-modules '%s=%s'\n"
                .formatted(shell(model), rank, shell(name), shell(adapter));
    }

    private static String quoted(Object text) {
        return text.toString().replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static String shell(Object text) {
        return text.toString().replace("'", "'\\''");
    }
}
