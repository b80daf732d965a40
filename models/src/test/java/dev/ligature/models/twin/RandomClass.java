package dev.ligature.models.twin;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A class of a random model, while it is made up. */
final class RandomClass {
    private final String packageName;
    private final String outer;
    private final String name;
    private final List<RandomField> fields = new ArrayList<>();
    private final List<String> classTies = new ArrayList<>();
    private final List<String> methods = new ArrayList<>();
    private final List<RandomClass> permitted = new ArrayList<>();
    private final Map<String, List<RandomField>> single = new LinkedHashMap<>();
    private final Set<String> dispatched = new HashSet<>();
    private final Set<String> tied = new HashSet<>();
    private RandomClass superclass;
    private RandomClass bound;
    private String modifiers = "";

    /**
     * Creates a class.
     *
     * @param packageName its package
     * @param outer the class around it, or empty
     * @param name its simple name
     */
    RandomClass(String packageName, String outer, String name) {
        this.packageName = packageName;
        this.outer = outer;
        this.name = name;
    }

    String packageName() {
        return packageName;
    }

    List<RandomField> fields() {
        return fields;
    }

    List<RandomClass> permitted() {
        return permitted;
    }

    RandomClass superclass() {
        return superclass;
    }

    List<String> classTies() {
        return classTies;
    }

    List<String> methods() {
        return methods;
    }

    /** Returns the modules outside of lists by path, each with the fields that lead to it. */
    Map<String, List<RandomField>> single() {
        return single;
    }

    /** Returns the paths of modules that depend on which class a sealed child is of. */
    Set<String> dispatched() {
        return dispatched;
    }

    /** Returns the paths of modules that are tied already. */
    Set<String> tied() {
        return tied;
    }

    void setModifiers(String modifiers) {
        this.modifiers = modifiers;
    }

    /** Makes it generic, with a type variable for the class of its children. */
    void setBound(RandomClass bound) {
        this.bound = bound;
    }

    RandomClass bound() {
        return bound;
    }

    /** Takes a superclass, and what its paths are. */
    void setSuperclass(RandomClass superclass) {
        this.superclass = superclass;
        single.putAll(superclass.single);
        dispatched.addAll(superclass.dispatched);
        tied.addAll(superclass.tied);
    }

    /** Adds a field, and the paths that it leads to. */
    void add(RandomField field, String moduleName) {
        fields.add(field);
        if (field.kind() == RandomField.Kind.TARGET) {
            single.put(moduleName, List.of(field));
        } else if (field.kind() == RandomField.Kind.CHILD) {
            String prefix = moduleName + ".";
            field.child().single.forEach((path, fields) -> add(prefix + path, field, fields));
            field.child().dispatched.forEach(path -> dispatched.add(prefix + path));
            field.child().tied.forEach(path -> tied.add(prefix + path));
            for (RandomClass one : field.child().permitted) {
                one.single.keySet().forEach(path -> dispatched.add(prefix + path));
                one.dispatched.forEach(path -> dispatched.add(prefix + path));
            }
        }
    }

    private void add(String path, RandomField first, List<RandomField> rest) {
        List<RandomField> way = new ArrayList<>(List.of(first));
        way.addAll(rest);
        single.put(path, way);
    }

    /** Returns how other classes write it. */
    String reference() {
        String around = outer.isEmpty() ? "" : outer + ".";
        String arguments = bound == null ? "" : "<" + bound.reference() + ">";
        return packageName + "." + around + name + arguments;
    }

    /** Returns its name for a class loader. */
    String binaryName() {
        return packageName + "." + (outer.isEmpty() ? "" : outer + "$") + name;
    }

    /** Returns the name of its generated class. */
    String generatedName() {
        return packageName + "." + (outer.isEmpty() ? "" : outer + "_") + name + "Lora";
    }

    /** Returns the name of its file's class. */
    String fileName() {
        return packageName + "." + (outer.isEmpty() ? name : outer);
    }

    /** Returns its file. */
    String source(String fieldModifier) {
        StringBuilder text = new StringBuilder("package " + packageName + ";\n\n");
        text.append("import ai.djl.nn.Block;\n");
        text.append("import dev.ligature.annotation.*;\n");
        text.append("import dev.ligature.models.twin.ToyBlock;\n");
        text.append("import java.util.*;\n\n");
        if (!outer.isEmpty()) {
            text.append("final class " + outer + " {\n");
        }
        classTies.forEach(tie -> text.append(tie).append('\n'));
        text.append(outer.isEmpty() ? "" : "static ").append(modifiers).append("class ");
        text.append(name).append(bound == null ? "" : "<T extends " + bound.reference() + ">");
        text.append(" extends ").append(superclass == null ? "ToyBlock" : superclass.reference());
        if (!permitted.isEmpty()) {
            text.append(" permits ");
            text.append(String.join(", ", permitted.stream().map(RandomClass::reference).toList()));
        }
        text.append(" {\n");
        fields.forEach(field -> text.append(field.text(fieldModifier)).append(";\n"));
        methods.forEach(method -> text.append("    ").append(method).append('\n'));
        return text.append(outer.isEmpty() ? "}\n" : "}\n}\n").toString();
    }
}
