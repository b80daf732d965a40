package dev.ligature.inject;

import ai.djl.nn.Block;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * Walks the annotated fields of a model: composes names, follows children, and hands each module
 * and tie to a {@link ModuleSink}.
 *
 * <p>Absent modules and children (null fields) are passed over; a tie whose reader is absent does
 * not exist; a null element of a list, an array or a map is an error.
 */
public final class ModuleVisitor {
    private final String prefix;
    private final ModuleSink sink;
    private final Set<String> seen;

    private ModuleVisitor(String prefix, ModuleSink sink, Set<String> seen) {
        this.prefix = prefix;
        this.sink = sink;
        this.seen = seen;
    }

    /**
     * Walks a model from its root.
     *
     * @param model the model
     * @param visit the {@code visit} method of its generated class
     * @param sink what is done with the modules
     * @param <M> the model class
     */
    public static <M> void walk(M model, ModuleVisit<? super M> visit, ModuleSink sink) {
        visit.visit(model, new ModuleVisitor("", sink, new HashSet<>()));
    }

    /**
     * Shows a module.
     *
     * @param name the name relative to this scope
     * @param role what the module is to its model
     * @param block the block, or null where the module is absent
     * @return what the field is to hold: null exactly if it was
     */
    // Null for null, which nullness checkers cannot express: generated code assigns the result to
    // fields of either kind, and must pass where models are checked.
    @NullUnmarked
    public Block module(String name, Role role, Block block) {
        return block == null ? null : show(prefix + name, role, block);
    }

    /** Shows a list of modules, named {@code name.0}, {@code name.1}, and so on; null for null. */
    @NullUnmarked
    public List<Block> modules(String name, Role role, List<Block> blocks) {
        if (blocks == null) {
            return null;
        }
        List<Block> shown = new ArrayList<>(blocks.size());
        for (int i = 0; i < blocks.size(); i++) {
            shown.add(show(prefix + name + "." + i, role, element(blocks.get(i), name, "" + i)));
        }
        return shown;
    }

    /**
     * Shows an array of modules, named {@code name.0}, {@code name.1}, and so on; null for null.
     */
    @NullUnmarked
    public Block[] modules(String name, Role role, Block[] blocks) {
        if (blocks == null) {
            return null;
        }
        Block[] shown = new Block[blocks.length];
        for (int i = 0; i < blocks.length; i++) {
            shown[i] = show(prefix + name + "." + i, role, element(blocks[i], name, "" + i));
        }
        return shown;
    }

    /** Follows a child whose class is final, or dispatched by the visit itself. */
    public <C> void child(String name, @Nullable C child, ModuleVisit<? super C> visit) {
        if (child != null) {
            visit.visit(child, scope(name));
        }
    }

    /** Follows a child whose class is not final: an instance of a subclass is an error. */
    public <C> void child(
            String name, @Nullable C child, Class<C> type, ModuleVisit<? super C> visit) {
        child(name, child, exactly(type, visit));
    }

    /** Follows a list of children whose class is final, or dispatched by the visit itself. */
    public <C> void children(
            String name, @Nullable List<? extends C> children, ModuleVisit<? super C> visit) {
        if (children != null) {
            for (int i = 0; i < children.size(); i++) {
                visit.visit(element(children.get(i), name, "" + i), scope(name + "." + i));
            }
        }
    }

    /** Follows a list of children whose class is not final. */
    public <C> void children(
            String name,
            @Nullable List<? extends C> children,
            Class<C> type,
            ModuleVisit<? super C> visit) {
        children(name, children, exactly(type, visit));
    }

    /** Follows an array of children whose class is final, or dispatched by the visit itself. */
    public <C> void children(String name, C @Nullable [] children, ModuleVisit<? super C> visit) {
        children(name, children == null ? null : java.util.Arrays.asList(children), visit);
    }

    /** Follows an array of children whose class is not final. */
    public <C> void children(
            String name, C @Nullable [] children, Class<C> type, ModuleVisit<? super C> visit) {
        children(name, children, exactly(type, visit));
    }

    /** Follows a map of children whose class is final, in the order of the keys. */
    public <C> void children(
            String name,
            @Nullable Map<String, ? extends C> children,
            ModuleVisit<? super C> visit) {
        if (children == null) {
            return;
        }
        for (Map.Entry<String, ? extends C> entry : new TreeMap<>(children).entrySet()) {
            String key = entry.getKey();
            if (key.isEmpty() || key.indexOf('.') >= 0) {
                throw new LoraException(
                        "LoraMapKey",
                        "The map of children "
                                + prefix
                                + name
                                + " has the key '"
                                + key
                                + "', which cannot be a segment of a module name. Use keys without"
                                + " dots that are not empty.");
            }
            visit.visit(element(entry.getValue(), name, key), scope(name + "." + key));
        }
    }

    /** Follows a map of children whose class is not final, in the order of the keys. */
    public <C> void children(
            String name,
            @Nullable Map<String, ? extends C> children,
            Class<C> type,
            ModuleVisit<? super C> visit) {
        children(name, children, exactly(type, visit));
    }

    /**
     * Declares a tie that holds.
     *
     * @param reader the name, relative to this scope, of the module that is tied
     * @param source the name, relative to this scope, of the module whose weight it reads
     */
    public void tie(String reader, String source) {
        String readerPath = prefix + reader;
        String sourcePath = prefix + source;
        if (!seen.contains(readerPath)) {
            return;
        }
        if (!seen.contains(sourcePath)) {
            throw new LoraException(
                    "LoraTieSourceAbsent",
                    "Module "
                            + readerPath
                            + " is tied to "
                            + sourcePath
                            + ", which is absent (its field is null). Set the field, or make the"
                            + " tie conditional with @Tied(when = …).");
        }
        sink.tie(readerPath, sourcePath);
    }

    /**
     * Returns the error for an instance of a class that the generated code does not know.
     *
     * @param declared the declared class of the child
     * @param child the instance
     */
    public LoraException unknownClass(Class<?> declared, Object child) {
        return new LoraException(
                "LoraUnknownSubclass",
                "Child "
                        + (prefix.isEmpty() ? "(root)" : prefix.substring(0, prefix.length() - 1))
                        + " is declared as "
                        + declared.getName()
                        + " but holds a "
                        + child.getClass().getName()
                        + ", whose annotated fields would be missed. Declare the field with that"
                        + " class, or make the declared class sealed over it.");
    }

    private Block show(String path, Role role, Block block) {
        if (!seen.add(path)) {
            throw new LoraException(
                    "LoraDuplicateModule",
                    "Two fields of the model give the module name "
                            + path
                            + ". Give one of them another name.");
        }
        return sink.module(path, role, block);
    }

    private <C> ModuleVisit<C> exactly(Class<C> type, ModuleVisit<? super C> visit) {
        return (child, visitor) -> {
            if (child.getClass() != type) {
                throw visitor.unknownClass(type, child);
            }
            visit.visit(child, visitor);
        };
    }

    private ModuleVisitor scope(String name) {
        return new ModuleVisitor(prefix + name + ".", sink, seen);
    }

    private <E> E element(@Nullable E element, String name, String key) {
        if (element == null) {
            throw new LoraException(
                    "LoraNullElement",
                    "Element "
                            + key
                            + " of "
                            + prefix
                            + name
                            + " is null. Remove it; only a whole field may be absent.");
        }
        return element;
    }
}
