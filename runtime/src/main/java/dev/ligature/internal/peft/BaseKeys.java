package dev.ligature.internal.peft;

import dev.ligature.internal.peft.AdapterLayout.Target;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that an adapter's file has for parameters of the base. PEFT reads each under one name:
 * below what it wraps the module in. A file may have another of the names, from another version of
 * PEFT.
 */
final class BaseKeys {
    private static final String PAIR = ".base_layer.";
    private static final String ROWS = ".token_adapter.base_layer.";
    private static final String SAVED = ".original_module.";
    private static final List<String> WRAPPINGS = List.of(".", PAIR, ROWS, SAVED);

    private final AdapterLayout adapter;
    private final ModelLayout layout;

    /** Made for the first name that is looked for, because most files have no such tensor. */
    private @Nullable Map<String, Target.OfBase> byName;

    BaseKeys(AdapterLayout adapter, ModelLayout layout) {
        this.adapter = adapter;
        this.layout = layout;
    }

    /** Returns what a name without PEFT's prefix means of the base; null if nothing. */
    Target.@Nullable OfBase find(String name) {
        Map<String, Target.OfBase> names = byName;
        if (names == null) {
            names = names();
            byName = names;
        }
        return names.get(name);
    }

    private Map<String, Target.OfBase> names() {
        Map<String, Target.OfBase> names = new HashMap<>();
        for (Module module : layout.modules()) {
            String read = wrapping(module.name());
            for (Parameter parameter : module.parameters()) {
                if (parameter.name().isEmpty()) {
                    continue;
                }
                for (String name : module.names()) {
                    for (String wrapping : WRAPPINGS) {
                        names.putIfAbsent(
                                name + wrapping + parameter.name(),
                                new Target.OfBase(module, parameter, wrapping.equals(read)));
                    }
                }
            }
        }
        return names;
    }

    /** Returns what is between the names of a module and its parameter where PEFT reads it. */
    String wrapping(String module) {
        if (adapter.isSaved(module)) {
            return SAVED;
        }
        if (adapter.adaptedModules().contains(module)) {
            return PAIR;
        }
        return adapter.hasRows(module) ? ROWS : ".";
    }
}
