package dev.ligature.processor.model;

import java.util.List;

/**
 * The name of a class.
 *
 * @param packageName its package; empty for the unnamed one
 * @param simpleNames its simple name, after those of the classes around it
 */
public record ClassId(String packageName, List<String> simpleNames) {
    /** Copies the names. */
    public ClassId {
        simpleNames = List.copyOf(simpleNames);
    }

    /** Returns the canonical name. */
    public String qualifiedName() {
        return packageName.isEmpty() ? display() : packageName + "." + display();
    }

    /** Returns the name as it reads within its package, {@code Outer.Nested}. */
    public String display() {
        return String.join(".", simpleNames);
    }

    /** Returns the last of the simple names. */
    public String simpleName() {
        return simpleNames.get(simpleNames.size() - 1);
    }

    /** Returns the name of the class that is generated for this one. */
    public ClassId injector() {
        return new ClassId(packageName, List.of(String.join("_", simpleNames) + "Lora"));
    }
}
