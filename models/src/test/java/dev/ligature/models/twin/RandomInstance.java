package dev.ligature.models.twin;

import ai.djl.nn.Block;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * An instance of a random model: fields are set or null, containers are of any length, and some
 * blocks and children stand in two places.
 */
final class RandomInstance {
    private final ClassLoader loader;
    private final Random random;
    private final List<ToyBlock> blocks = new ArrayList<>();
    private final Map<RandomClass, Object> children = new HashMap<>();

    RandomInstance(ClassLoader loader, long seed) {
        this.loader = loader;
        this.random = new Random(seed);
    }

    /** Returns an instance of a class; of a sealed one, an instance of one that it permits. */
    Object of(RandomClass type) throws ReflectiveOperationException {
        if (!type.permitted().isEmpty()) {
            return of(type.permitted().get(random.nextInt(type.permitted().size())));
        }
        Constructor<?> constructor = loader.loadClass(type.binaryName()).getDeclaredConstructor();
        constructor.setAccessible(true);
        Object made = constructor.newInstance();
        for (RandomClass at = type; at != null; at = at.superclass()) {
            for (RandomField field : at.fields()) {
                set(made, loader.loadClass(at.binaryName()).getDeclaredField(field.name()), field);
            }
        }
        children.put(type, made);
        return made;
    }

    private void set(Object made, Field target, RandomField field)
            throws ReflectiveOperationException {
        target.setAccessible(true);
        if (!target.getType().isPrimitive() && !field.isNeeded() && random.nextInt(100) < 15) {
            return;
        }
        switch (field.kind()) {
            case FLAG -> target.setBoolean(made, random.nextBoolean());
            case TARGET, PLAIN -> target.set(made, block());
            case TARGET_LIST -> target.set(made, list());
            case TARGET_ARRAY -> target.set(made, list().toArray(Block[]::new));
            case CHILD -> target.set(made, child(field.child()));
            case CHILD_LIST -> target.set(made, children(field.child()));
            case CHILD_ARRAY -> target.set(made, array(target, children(field.child())));
            case CHILD_MAP -> target.set(made, map(field.child()));
        }
    }

    private Block block() {
        if (!blocks.isEmpty() && random.nextInt(100) < 10) {
            return blocks.get(random.nextInt(blocks.size()));
        }
        blocks.add(new ToyBlock.Base(blocks.size()));
        return blocks.get(blocks.size() - 1);
    }

    private List<Block> list() {
        List<Block> list = new ArrayList<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            list.add(block());
        }
        return list;
    }

    private Object child(RandomClass type) throws ReflectiveOperationException {
        Object known = children.get(type);
        return known != null && random.nextInt(100) < 10 ? known : of(type);
    }

    private List<Object> children(RandomClass type) throws ReflectiveOperationException {
        List<Object> list = new ArrayList<>();
        for (int left = random.nextInt(3); left > 0; left--) {
            list.add(child(type));
        }
        return list;
    }

    private static Object array(Field target, List<Object> elements) {
        Object array = Array.newInstance(target.getType().getComponentType(), elements.size());
        for (int i = 0; i < elements.size(); i++) {
            Array.set(array, i, elements.get(i));
        }
        return array;
    }

    private Map<String, Object> map(RandomClass type) throws ReflectiveOperationException {
        Map<String, Object> map = new HashMap<>();
        for (Object child : children(type)) {
            map.put((random.nextBoolean() ? "Key" : "key-") + random.nextInt(30), child);
        }
        return map;
    }
}
