package dev.ligature.inject;

import ai.djl.nn.Block;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * Walks the annotated fields of a model: composes names, follows children, and hands each module
 * and tie to a {@link ModuleVisitor}.
 *
 * <p>Absent modules and children (null fields) are passed over; a tie whose reader is absent does
 * not exist; a null element of a list, an array or a map is an error.
 */
public final class ModuleWalker {
    private final String prefix;
    private final ModuleVisitor visitor;
    private final Set<String> seen;

    /**
     * Walks the annotated fields of one model class; the {@code visit} method of each generated
     * class is one.
     *
     * @param <M> the model class
     */
    @FunctionalInterface
    public interface ModelWalk<M> {
        /**
         * Shows every annotated field of the model, in order of declaration.
         *
         * @param model the model
         * @param walker the walker, scoped to the model's own path
         */
        void visit(M model, ModuleWalker walker);
    }

    private ModuleWalker(String prefix, ModuleVisitor visitor, Set<String> seen) {
        this.prefix = prefix;
        this.visitor = visitor;
        this.seen = seen;
    }

    /**
     * Walks a model from its root.
     *
     * @param model the model
     * @param walk the {@code visit} method of its generated class
     * @param visitor what is done with the modules
     * @param <M> the model class
     */
    public static <M> void walk(M model, ModelWalk<? super M> walk, ModuleVisitor visitor) {
        walk.visit(model, new ModuleWalker("", visitor, new HashSet<>()));
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
        return blocks == null
                ? null
                : modules(name, role, Arrays.asList(blocks)).toArray(Block[]::new);
    }

    /** Shows a map of modules, named {@code name.key}, in the order of the keys; null for null. */
    @NullUnmarked
    public Map<String, Block> modules(String name, Role role, Map<String, Block> blocks) {
        if (blocks == null) {
            return null;
        }
        Map<String, Block> shown = new LinkedHashMap<>(blocks);
        for (Map.Entry<String, Block> entry : sorted(name, blocks).entrySet()) {
            String key = entry.getKey();
            shown.put(
                    key,
                    show(prefix + name + "." + key, role, element(entry.getValue(), name, key)));
        }
        return shown;
    }

    /**
     * Shows a list of modules in a final field: what the visitor returns is put into the list.
     * Whether that is possible shows before any of them is.
     */
    public void elements(String name, Role role, @Nullable List<Block> blocks) {
        if (blocks != null && !blocks.isEmpty()) {
            fill(name, () -> blocks.replaceAll(block -> block));
            List<Block> shown = modules(name, role, blocks);
            for (int i = 0; i < shown.size(); i++) {
                blocks.set(i, shown.get(i));
            }
        }
    }

    /** Shows an array of modules in a final field: what the visitor returns is put into it. */
    public void elements(String name, Role role, Block @Nullable [] blocks) {
        if (blocks != null) {
            if (blocks.getClass() != Block[].class) { // of a subclass: it takes no other block
                throw InjectMessage.FIXED_ELEMENTS.error(prefix + name);
            }
            elements(name, role, Arrays.asList(blocks)); // which writes to the array
        }
    }

    /** Shows a map of modules in a final field: what the visitor returns is put into the map. */
    public void elements(String name, Role role, @Nullable Map<String, Block> blocks) {
        if (blocks != null && !blocks.isEmpty()) {
            fill(name, () -> blocks.replaceAll((key, block) -> block));
            blocks.putAll(modules(name, role, blocks));
        }
    }

    /** Follows a child whose class is final, or dispatched by the walk itself. */
    public <C> void child(String name, @Nullable C child, ModelWalk<? super C> walk) {
        if (child != null) {
            walk.visit(child, scope(name));
        }
    }

    /** Follows a child whose class is not final: an instance of a subclass is an error. */
    public <C> void child(
            String name, @Nullable C child, Class<C> type, ModelWalk<? super C> walk) {
        child(name, child, exactly(type, walk));
    }

    /** Follows a list of children whose class is final, or dispatched by the walk itself. */
    public <C> void children(
            String name, @Nullable List<? extends C> children, ModelWalk<? super C> walk) {
        if (children != null) {
            for (int i = 0; i < children.size(); i++) {
                walk.visit(element(children.get(i), name, "" + i), scope(name + "." + i));
            }
        }
    }

    /** Follows a list of children whose class is not final. */
    public <C> void children(
            String name,
            @Nullable List<? extends C> children,
            Class<C> type,
            ModelWalk<? super C> walk) {
        children(name, children, exactly(type, walk));
    }

    /** Follows an array of children whose class is final, or dispatched by the walk itself. */
    public <C> void children(String name, C @Nullable [] children, ModelWalk<? super C> walk) {
        children(name, children == null ? null : Arrays.asList(children), walk);
    }

    /** Follows an array of children whose class is not final. */
    public <C> void children(
            String name, C @Nullable [] children, Class<C> type, ModelWalk<? super C> walk) {
        children(name, children, exactly(type, walk));
    }

    /** Follows a map of children whose class is final, in the order of the keys. */
    public <C> void children(
            String name, @Nullable Map<String, ? extends C> children, ModelWalk<? super C> walk) {
        if (children == null) {
            return;
        }
        for (Map.Entry<String, ? extends C> entry : sorted(name, children).entrySet()) {
            String key = entry.getKey();
            walk.visit(element(entry.getValue(), name, key), scope(name + "." + key));
        }
    }

    /** Follows a map of children whose class is not final, in the order of the keys. */
    public <C> void children(
            String name,
            @Nullable Map<String, ? extends C> children,
            Class<C> type,
            ModelWalk<? super C> walk) {
        children(name, children, exactly(type, walk));
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
            throw InjectMessage.TIE_SOURCE_ABSENT.error(readerPath, sourcePath);
        }
        visitor.tie(readerPath, sourcePath);
    }

    /**
     * Returns the error for an instance of a class that the generated code does not know.
     *
     * @param declared the declared class of the child
     * @param child the instance
     */
    public LoraException unknownClass(Class<?> declared, Object child) {
        String path = prefix.isEmpty() ? "(root)" : prefix.substring(0, prefix.length() - 1);
        return InjectMessage.UNKNOWN_SUBCLASS.error(
                path, declared.getName(), child.getClass().getName());
    }

    private Block show(String path, Role role, Block block) {
        if (!seen.add(path)) {
            throw InjectMessage.DUPLICATE_MODULE.error(path);
        }
        return visitor.module(path, role, block);
    }

    private <C> ModelWalk<C> exactly(Class<C> type, ModelWalk<? super C> walk) {
        return (child, walker) -> {
            if (child.getClass() != type) {
                throw walker.unknownClass(type, child);
            }
            walk.visit(child, walker);
        };
    }

    private ModuleWalker scope(String name) {
        return new ModuleWalker(prefix + name + ".", visitor, seen);
    }

    private <E> Map<String, E> sorted(String name, Map<String, ? extends E> elements) {
        Map<String, E> sorted = new TreeMap<>(elements);
        for (String key : sorted.keySet()) {
            if (key.isEmpty() || key.indexOf('.') >= 0) {
                throw InjectMessage.MAP_KEY.error(prefix + name, key);
            }
        }
        return sorted;
    }

    private void fill(String name, Runnable change) {
        try {
            change.run();
        } catch (UnsupportedOperationException fixed) {
            throw InjectMessage.FIXED_ELEMENTS.error(prefix + name);
        }
    }

    private <E> E element(@Nullable E element, String name, String key) {
        if (element == null) {
            throw InjectMessage.NULL_ELEMENT.error(key, prefix + name);
        }
        return element;
    }
}
