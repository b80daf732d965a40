package dev.ligature.interop;

import dev.ligature.internal.peft.AdapterConfigWriter;
import dev.ligature.internal.resolve.ConvertedPlan;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whether other servers take an adapter as it is saved, and why not: a function of its plan.
 *
 * <p>The facts are those of August 2026: vLLM up to 0.23 ({@code lora/peft_helper.py}, {@code
 * lora/lora_model.py}, {@code config/lora.py}), and llama.cpp's {@code convert_lora_to_gguf.py}
 * with the loader {@code llama-adapter.cpp}. Both change: a finding is a reason to look, and a
 * server that is not named here may take more or less.
 *
 * <p>What neither can take, both can serve as part of a checkpoint: merge the adapter.
 *
 * @param findings what stands in the way, for vLLM first; empty if nothing is known to
 */
public record ServingCompatibility(List<Finding> findings) {
    /** Copies the list. */
    public ServingCompatibility {
        findings = List.copyOf(findings);
    }

    /** A server that reads PEFT's files. */
    public enum Server {
        /** vLLM, which loads the directory. */
        VLLM("vLLM"),
        /** llama.cpp, for which {@code convert_lora_to_gguf.py} converts it. */
        LLAMA_CPP("llama.cpp");

        private final String title;

        Server(String title) {
            this.title = title;
        }

        /** Returns the name that the project gives itself. */
        public String title() {
            return title;
        }
    }

    /** What a server does with something. */
    public enum Effect {
        /** It refuses the adapter. */
        REFUSED,
        /** It takes the adapter, and computes something else without a word. */
        DIFFERENT,
        /** It needs an option, or takes it for some models only. */
        DEPENDS
    }

    /**
     * A thing that a server does not simply take.
     *
     * @param server the server
     * @param effect what it does
     * @param reason what it is about, why, and what to do
     */
    public record Finding(Server server, Effect effect, String reason) {
        @Override
        public String toString() {
            return server.title()
                    + ": "
                    + switch (effect) {
                        case REFUSED -> "refused, ";
                        case DIFFERENT -> "wrong, ";
                        case DEPENDS -> "depends, ";
                    }
                    + reason;
        }
    }

    /**
     * Finds what stands in the way of an adapter once {@link dev.ligature.LoraModel#save} has
     * written it: one that starts from the base's weights is saved as a plain one.
     *
     * @param plan the plan of the adapter in memory
     * @param layout the model that it was resolved for
     */
    public static ServingCompatibility ofSaved(LoraPlan plan, ModelLayout layout) {
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(layout, "layout");
        return of(ConvertedPlan.of(plan), layout);
    }

    /**
     * Finds what stands in the way of an adapter that is saved with the configuration of its plan.
     *
     * @param plan the adapter's plan
     * @param layout the model that it was resolved for
     */
    public static ServingCompatibility of(LoraPlan plan, ModelLayout layout) {
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(layout, "layout");
        return of(plan, layout, AdapterConfigWriter.fields(ExplicitConfig.of(plan)));
    }

    /** Finds the same from the fields of the file {@code adapter_config.json}. */
    static ServingCompatibility of(
            LoraPlan plan, ModelLayout layout, Map<String, ? extends @Nullable Object> fields) {
        return new ServingCompatibility(new ServingRules(plan, layout, fields).findings());
    }

    /**
     * Returns whether nothing is known by which a server refuses the adapter or computes something
     * else. It may still need an option.
     */
    public boolean accepts(Server server) {
        Objects.requireNonNull(server, "server");
        return of(server).stream().allMatch(finding -> finding.effect() == Effect.DEPENDS);
    }

    /** Returns what stands in the way of one server. */
    public List<Finding> of(Server server) {
        Objects.requireNonNull(server, "server");
        return findings.stream().filter(finding -> finding.server() == server).toList();
    }

    /** Returns a line for each finding, or for a server that has none. */
    public String report() {
        StringBuilder text = new StringBuilder();
        for (Server server : Server.values()) {
            if (of(server).isEmpty()) {
                text.append(server.title()).append(": accepted\n");
            }
            of(server).forEach(finding -> text.append(finding).append('\n'));
        }
        return text.toString();
    }
}
