package dev.ligature.processor;

import ai.djl.nn.Block;
import com.google.testing.compile.Compilation;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Loads compiled models and walks them by their generated classes. */
final class Walk implements AutoCloseable {
    private final URLClassLoader loader;

    /**
     * Loads what was compiled.
     *
     * @param compilation the models
     * @param work where their classes are put
     */
    Walk(Compilation compilation, Path work) throws IOException {
        TestCase.writeClasses(compilation, work);
        loader = new URLClassLoader(new URL[] {work.toUri().toURL()}, Walk.class.getClassLoader());
    }

    /** Returns a new instance of a model, made by its constructor without parameters. */
    Object create(String name) throws ReflectiveOperationException {
        Constructor<?> constructor = loader.loadClass(name).getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }

    /**
     * Walks a model, giving each module another block, and once more to see that those are in
     * place.
     *
     * @return the modules with their roles, and the ties
     */
    List<String> of(Object model, String generated) throws ReflectiveOperationException {
        List<String> met = new ArrayList<>();
        Map<String, Block> slots = new LinkedHashMap<>();
        walk(
                model,
                generated,
                new ModuleVisitor() {
                    @Override
                    public Block module(String path, Role role, Block block) {
                        met.add(role == Role.MODULE ? path : path + " " + role);
                        Block slot = new ToyBlock() {};
                        slots.put(path, slot);
                        return slot;
                    }

                    @Override
                    public void tie(String reader, String source) {
                        met.add(reader + " = " + source);
                    }
                });
        walk(
                model,
                generated,
                (path, role, block) -> {
                    if (slots.remove(path) != block) {
                        throw new AssertionError(path + " was not put into its field");
                    }
                    return block;
                });
        if (!slots.isEmpty()) {
            throw new AssertionError("not met again: " + slots.keySet());
        }
        return met;
    }

    private void walk(Object model, String generated, ModuleVisitor visitor)
            throws ReflectiveOperationException {
        Method visit = null;
        for (Method method : loader.loadClass(generated).getDeclaredMethods()) {
            visit = method.getName().equals("visit") ? method : visit;
        }
        Method found = visit;
        found.setAccessible(true);
        ModuleWalker.walk(
                model,
                (root, walker) -> {
                    try {
                        found.invoke(null, root, walker);
                    } catch (InvocationTargetException e) {
                        if (e.getCause() instanceof RuntimeException cause) {
                            throw cause;
                        }
                        throw new AssertionError(e);
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                },
                visitor);
    }

    @Override
    public void close() throws IOException {
        loader.close();
    }
}
