package dev.ligature.models.twin;

import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.objectweb.asm.AnnotationVisitor;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * The annotations on one class and its fields. The JVM does not keep them, so they are read from
 * the class file.
 */
final class Marks {
    private static final Map<Class<?>, Marks> READ = new HashMap<>();

    private final List<Tie> classTies = new ArrayList<>();
    private final Map<String, Target> targets = new HashMap<>();
    private final Map<String, String> children = new HashMap<>();
    private final Map<String, List<Tie>> fieldTies = new HashMap<>();

    /** The {@code LoraTarget} of a field: its name as written, and its role. */
    record Target(String name, Role role) {}

    /** One {@code Tied}, as written; what is left out is empty. */
    record Tie(String source, String module, String when) {}

    /** Returns the annotations of a class. */
    static synchronized Marks of(Class<?> type) {
        return READ.computeIfAbsent(type, Marks::read);
    }

    /** Returns whether the class has annotations, itself or on a field. */
    boolean isAny() {
        return !classTies.isEmpty() || !targets.isEmpty() || !children.isEmpty();
    }

    /** Returns the ties on the class itself. */
    List<Tie> classTies() {
        return classTies;
    }

    /** Returns the target that a field is, or null. */
    Target target(Field field) {
        return targets.get(field.getName());
    }

    /** Returns the name of the child that a field is, as written, or null. */
    String child(Field field) {
        return children.get(field.getName());
    }

    /** Returns the ties on a field. */
    List<Tie> ties(Field field) {
        return fieldTies.getOrDefault(field.getName(), List.of());
    }

    private static Marks read(Class<?> type) {
        String file = "/" + type.getName().replace('.', '/') + ".class";
        try (InputStream in = type.getResourceAsStream(file)) {
            Marks marks = new Marks();
            new ClassReader(in).accept(marks.new Members(), ClassReader.SKIP_CODE);
            return marks;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static boolean is(String descriptor, Class<?> annotation) {
        return descriptor.equals(Type.getDescriptor(annotation));
    }

    private final class Members extends ClassVisitor {
        Members() {
            super(Opcodes.ASM9);
        }

        @Override
        public AnnotationVisitor visitAnnotation(String descriptor, boolean visible) {
            return ties(descriptor, classTies);
        }

        @Override
        public FieldVisitor visitField(
                int access, String name, String descriptor, String signature, Object value) {
            return new FieldVisitor(Opcodes.ASM9) {
                @Override
                public AnnotationVisitor visitAnnotation(String annotation, boolean visible) {
                    if (is(annotation, LoraTarget.class)) {
                        return new Values(
                                values ->
                                        targets.put(
                                                name,
                                                new Target(
                                                        values.getOrDefault("value", ""),
                                                        Role.valueOf(
                                                                values.getOrDefault(
                                                                        "role", "MODULE")))));
                    }
                    if (is(annotation, LoraChild.class)) {
                        return new Values(
                                values -> children.put(name, values.getOrDefault("value", "")));
                    }
                    return ties(
                            annotation, fieldTies.computeIfAbsent(name, any -> new ArrayList<>()));
                }
            };
        }

        private static AnnotationVisitor ties(String descriptor, List<Tie> ties) {
            if (is(descriptor, Tied.class)) {
                return tie(ties);
            }
            if (!is(descriptor, Tied.Ties.class)) {
                return null;
            }
            return new AnnotationVisitor(Opcodes.ASM9) {
                @Override
                public AnnotationVisitor visitArray(String name) {
                    return new AnnotationVisitor(Opcodes.ASM9) {
                        @Override
                        public AnnotationVisitor visitAnnotation(String no, String descriptor) {
                            return tie(ties);
                        }
                    };
                }
            };
        }

        private static AnnotationVisitor tie(List<Tie> ties) {
            return new Values(
                    values ->
                            ties.add(
                                    new Tie(
                                            values.get("value"),
                                            values.getOrDefault("module", ""),
                                            values.getOrDefault("when", ""))));
        }
    }

    /** Collects the strings and enum constants of one annotation. */
    private static final class Values extends AnnotationVisitor {
        private final Map<String, String> values = new HashMap<>();
        private final Consumer<Map<String, String>> end;

        Values(Consumer<Map<String, String>> end) {
            super(Opcodes.ASM9);
            this.end = end;
        }

        @Override
        public void visit(String name, Object value) {
            values.put(name, (String) value);
        }

        @Override
        public void visitEnum(String name, String descriptor, String value) {
            values.put(name, value);
        }

        @Override
        public void visitEnd() {
            end.accept(values);
        }
    }
}
