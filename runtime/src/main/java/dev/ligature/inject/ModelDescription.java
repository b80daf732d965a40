package dev.ligature.inject;

import dev.ligature.annotation.Role;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The modules, roles and ties that a model class declares, without any weight. The index segments
 * of lists, arrays and maps stand as {@code *}: {@code model.layers.*.self_attn.q_proj}.
 *
 * @param modules the modules, in order of declaration
 * @param ties the ties, in order of declaration
 */
public record ModelDescription(List<Module> modules, List<Tie> ties) {
    /** Copies the lists. */
    public ModelDescription {
        modules = List.copyOf(modules);
        ties = List.copyOf(ties);
    }

    /**
     * A module.
     *
     * @param name its checkpoint name
     * @param role what it is to the model
     */
    public record Module(String name, Role role) {}

    /**
     * A declared tie.
     *
     * @param reader the module that is tied
     * @param source the module whose weight it reads
     * @param when the member that says whether the tie holds; empty if it always does
     */
    public record Tie(String reader, String source, String when) {}

    /** Returns an empty builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects a description; called by generated classes. */
    public static final class Builder {
        private final List<Module> modules = new ArrayList<>();
        private final List<Tie> ties = new ArrayList<>();

        private Builder() {}

        /** Adds a module. */
        public Builder module(String name, Role role) {
            modules.add(new Module(name, role));
            return this;
        }

        /** Adds a list or an array of modules. */
        public Builder modules(String name, Role role) {
            return module(name + ".*", role);
        }

        /** Adds what a superclass declares, under the same names. */
        public Builder include(ModelDescription inherited) {
            modules.addAll(inherited.modules());
            ties.addAll(inherited.ties());
            return this;
        }

        /**
         * Adds what a child declares, under its name. Where the child may be of several classes,
         * each is added; what they have in common stands once.
         */
        public Builder child(String name, ModelDescription child) {
            for (Module module : child.modules()) {
                module(name + "." + module.name(), module.role());
            }
            for (Tie tie : child.ties()) {
                ties.add(new Tie(name + "." + tie.reader(), name + "." + tie.source(), tie.when()));
            }
            return this;
        }

        /** Adds what each of a list, an array or a map of children declares. */
        public Builder children(String name, ModelDescription child) {
            return child(name + ".*", child);
        }

        /** Adds a tie; {@code when} is empty if it always holds. */
        public Builder tie(String reader, String source, String when) {
            ties.add(new Tie(reader, source, when));
            return this;
        }

        /** Returns the description. */
        public ModelDescription build() {
            return new ModelDescription(
                    List.copyOf(new LinkedHashSet<>(modules)),
                    List.copyOf(new LinkedHashSet<>(ties)));
        }
    }
}
