package dev.ligature.planted;

import dev.ligature.LoraException;
import dev.ligature.cli.Ligature;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.server.CompletionServer;
import dev.ligature.server.internal.admission.LackOfMemory;
import java.lang.reflect.Method;

/** Breaks each rule of {@code ModuleRulesTest}; read as byte code, never run. */
record KnowsTooMuch(
        LlamaForCausalLM model,
        CompletionServer server,
        LackOfMemory inside,
        Ligature cli,
        Method method) {
    static Class<?> find(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new LoraException("Planted", name);
        }
    }
}
