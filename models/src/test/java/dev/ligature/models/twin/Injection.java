package dev.ligature.models.twin;

import ai.djl.nn.Block;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one injection did.
 *
 * @param modules each module that was shown: its path, its role and the block, which tells aliases
 * @param ties the module that each tied one reads in the end, by path
 * @param fields what the fields of the model and its children hold afterwards
 */
record Injection(List<String> modules, Map<String, String> ties, String fields) {
    /** Puts a slot in the place of each module's block. */
    static <M> Injection inject(M model, ModelWalk<? super M> visit) {
        List<String> modules = new ArrayList<>();
        Map<String, String> ties = new TreeMap<>();
        IdentityHashMap<Block, Block> slots = new IdentityHashMap<>();
        ModuleWalker.walk(
                model,
                visit,
                new ModuleVisitor() {
                    @Override
                    public Block module(String path, Role role, Block block) {
                        modules.add(path + " " + role + " " + ToyBlock.name(block));
                        // A child in two places is shown twice, the second time with its slots.
                        return block instanceof ToyBlock.Slot
                                ? block
                                : slots.computeIfAbsent(block, ToyBlock.Slot::new);
                    }

                    @Override
                    public void tie(String reader, String source) {
                        ties.put(reader, source);
                    }
                });
        // Generated code names the end of a chain of ties where it can, a declaration the next.
        ties.replaceAll((reader, source) -> root(ties, source));
        return new Injection(modules, ties, fields(model, new IdentityHashMap<>()));
    }

    /** Puts the blocks back, and returns what the fields hold then. */
    static <M> String restore(M model, ModelWalk<? super M> visit) {
        ModuleWalker.walk(
                model,
                visit,
                (path, role, block) -> block instanceof ToyBlock.Slot slot ? slot.base() : block);
        return fields(model);
    }

    /** Returns what the fields of a model and its children hold. */
    static String fields(Object model) {
        return fields(model, new IdentityHashMap<>());
    }

    private static String root(Map<String, String> ties, String module) {
        String at = module;
        while (ties.containsKey(at)) {
            at = ties.get(at);
        }
        return at;
    }

    private static String fields(Object value, IdentityHashMap<Object, Integer> seen) {
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            Map<String, String> entries = new TreeMap<>();
            map.forEach((key, child) -> entries.put(key.toString(), fields(child, seen)));
            return entries.toString();
        }
        if (value instanceof List<?> list) {
            return list.stream().map(element -> fields(element, seen)).toList().toString();
        }
        if (value instanceof Object[] array) {
            return "array" + fields(Arrays.asList(array), seen);
        }
        if (value != null && isModel(value.getClass())) {
            Integer number = seen.putIfAbsent(value, seen.size());
            return number != null ? "#" + number : members(value, seen);
        }
        return value instanceof Block block
                ? ToyBlock.name(block)
                : value instanceof Boolean ? value.toString() : value == null ? "null" : "other";
    }

    private static String members(Object model, IdentityHashMap<Object, Integer> seen) {
        StringBuilder text = new StringBuilder(model.getClass().getSimpleName()).append('{');
        for (Class<?> at = model.getClass(); !isForeign(at); at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) {
                    continue;
                }
                field.setAccessible(true);
                try {
                    String held = fields(field.get(model), seen);
                    text.append(field.getName()).append('=').append(held).append(' ');
                } catch (IllegalAccessException failure) {
                    throw new IllegalStateException(failure);
                }
            }
        }
        return text.append('}').toString();
    }

    private static boolean isModel(Class<?> type) {
        for (Class<?> at = type; !isForeign(at); at = at.getSuperclass()) {
            if (Marks.of(at).isAny()) {
                return true;
            }
        }
        return false;
    }

    private static boolean isForeign(Class<?> type) {
        return type == null
                || type == ToyBlock.class
                || type.isArray()
                || type.getName().startsWith("java.")
                || type.getName().startsWith("ai.djl.");
    }
}
