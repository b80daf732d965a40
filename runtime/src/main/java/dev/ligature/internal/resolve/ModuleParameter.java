package dev.ligature.internal.resolve;

import dev.ligature.internal.names.NameMatch;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;

/** A parameter at one of the modules that read it. */
record ModuleParameter(Module module, Parameter parameter) {
    /** Returns its full name at the module. */
    String name() {
        return module.name() + "." + parameter.name();
    }

    /** Returns the name of the block that has it, the module itself or one inside it. */
    String owner() {
        return name().substring(0, name().lastIndexOf('.'));
    }

    boolean isMatrix() {
        return parameter.shape().dimension() == 2;
    }

    /** Returns whether an entry of a list is its full name, or the end of that from a dot on. */
    boolean matches(String entry) {
        return module.names().stream()
                .anyMatch(name -> NameMatch.fits(entry, name + "." + parameter.name()));
    }
}
