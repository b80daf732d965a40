package dev.ligature.models.twin;

import ai.djl.nn.Block;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Does by reflection what the {@code visit} of a generated class does. It follows containers,
 * composes names and resolves ties itself, and uses the visitor only to hand over single modules
 * and ties by their full names.
 */
final class ReflectiveVisit implements ModelWalk<Object> {
    @Override
    public void visit(Object model, ModuleWalker visitor) {
        try {
            walk(model, model.getClass(), "", visitor);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Shows what one class of a model's hierarchy declares, after its superclasses. */
    private void walk(Object model, Class<?> type, String prefix, ModuleWalker visitor)
            throws ReflectiveOperationException {
        if (type.getName().startsWith("ai.djl.") || type == Object.class) {
            return;
        }
        walk(model, type.getSuperclass(), prefix, visitor);
        Marks marks = Marks.of(type);
        for (Field field : type.getDeclaredFields()) {
            field.setAccessible(true);
            if (marks.target(field) != null) {
                String name = name(marks.target(field).name(), field);
                bind(model, field, prefix + name, visitor, marks.target(field));
            } else if (marks.child(field) != null) {
                follow(field.get(model), prefix + name(marks.child(field), field), visitor);
            }
        }
        tie(model, type, prefix, visitor);
    }

    private static void bind(
            Object model, Field field, String name, ModuleWalker visitor, Marks.Target target)
            throws ReflectiveOperationException {
        Object held = field.get(model);
        if (held instanceof List<?> list) {
            List<Block> bound = new ArrayList<>();
            for (Object block : list) {
                String element = name + "." + bound.size();
                bound.add(visitor.module(element, target.role(), (Block) block));
            }
            field.set(model, bound);
        } else if (held instanceof Block[] array) {
            Block[] bound = new Block[array.length];
            for (int i = 0; i < bound.length; i++) {
                bound[i] = visitor.module(name + "." + i, target.role(), array[i]);
            }
            field.set(model, bound);
        } else if (held != null) {
            field.set(model, visitor.module(name, target.role(), (Block) held));
        }
    }

    private void follow(Object child, String name, ModuleWalker visitor)
            throws ReflectiveOperationException {
        if (child == null) {
            return;
        }
        if (child instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : new TreeMap<>(map).entrySet()) {
                follow(entry.getValue(), name + "." + entry.getKey(), visitor);
            }
        } else if (child instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                follow(list.get(i), name + "." + i, visitor);
            }
        } else if (child.getClass().isArray()) {
            for (int i = 0; i < Array.getLength(child); i++) {
                follow(Array.get(child, i), name + "." + i, visitor);
            }
        } else {
            walk(child, child.getClass(), name + ".", visitor);
        }
    }

    private static void tie(Object model, Class<?> type, String prefix, ModuleWalker visitor)
            throws ReflectiveOperationException {
        Marks marks = Marks.of(type);
        List<String> known = single(type);
        for (Marks.Tie tie : marks.classTies()) {
            if (holds(model, type, tie.when())) {
                String reader = resolve(tie.module(), "", known);
                visitor.tie(prefix + reader, prefix + resolve(tie.source(), reader, known));
            }
        }
        for (Field field : type.getDeclaredFields()) {
            for (Marks.Tie tie : marks.ties(field)) {
                if (holds(model, type, tie.when())) {
                    String reader = name(marks.target(field).name(), field);
                    visitor.tie(prefix + reader, prefix + resolve(tie.source(), reader, known));
                }
            }
        }
    }

    /** Returns the modules that a class declares, itself and through children, outside of lists. */
    private static List<String> single(Class<?> type) {
        List<String> names = new ArrayList<>();
        if (type.getName().startsWith("ai.djl.") || type == Object.class) {
            return names;
        }
        names.addAll(single(type.getSuperclass()));
        Marks marks = Marks.of(type);
        for (Field field : type.getDeclaredFields()) {
            boolean isOne =
                    !field.getType().isArray()
                            && !List.class.isAssignableFrom(field.getType())
                            && !Map.class.isAssignableFrom(field.getType());
            if (isOne && marks.target(field) != null) {
                names.add(name(marks.target(field).name(), field));
            } else if (isOne && marks.child(field) != null) {
                String prefix = name(marks.child(field), field) + ".";
                for (Class<?> child : classes(field.getType())) {
                    single(child).forEach(inner -> names.add(prefix + inner));
                }
            }
        }
        return names;
    }

    private static List<Class<?>> classes(Class<?> declared) {
        List<Class<?>> classes = new ArrayList<>();
        if (!declared.isSealed() || !Modifier.isAbstract(declared.getModifiers())) {
            classes.add(declared);
        }
        if (declared.isSealed()) {
            Arrays.stream(declared.getPermittedSubclasses())
                    .forEach(one -> classes.addAll(classes(one)));
        }
        return classes;
    }

    private static String resolve(String written, String reader, List<String> known) {
        if (known.contains(written) && !written.equals(reader)) {
            return written;
        }
        List<String> ends =
                known.stream()
                        .filter(name -> name.endsWith("." + written) && !name.equals(reader))
                        .distinct()
                        .toList();
        if (ends.size() != 1) {
            throw new IllegalStateException(written + " means " + ends + " of " + known);
        }
        return ends.get(0);
    }

    private static boolean holds(Object model, Class<?> type, String when)
            throws ReflectiveOperationException {
        if (when.isEmpty()) {
            return true;
        }
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                if (field.getName().equals(when)) {
                    field.setAccessible(true);
                    return field.getBoolean(model);
                }
            }
        }
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            for (Method method : at.getDeclaredMethods()) {
                if (method.getName().equals(when) && method.getParameterCount() == 0) {
                    method.setAccessible(true);
                    return (boolean) method.invoke(model);
                }
            }
        }
        throw new IllegalStateException(type + " has no " + when);
    }

    private static String name(String written, Field field) {
        if (!written.isEmpty()) {
            return written;
        }
        StringBuilder name = new StringBuilder();
        String camel = field.getName();
        for (int i = 0; i < camel.length(); i++) {
            char c = camel.charAt(i);
            boolean afterLower =
                    i > 0
                            && (Character.isLowerCase(camel.charAt(i - 1))
                                    || Character.isDigit(camel.charAt(i - 1)));
            if (Character.isUpperCase(c) && afterLower) {
                name.append('_');
            }
            name.append(c);
        }
        return name.toString().toLowerCase(Locale.ROOT);
    }
}
