package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Attributes, items and slices of values. A template reads what is there and changes nothing. */
final class Members {
    private static final Set<String> CHANGES =
            Set.of(
                    "append",
                    "clear",
                    "pop",
                    "reverse",
                    "insert",
                    "sort",
                    "extend",
                    "remove",
                    "popitem",
                    "setdefault",
                    "update");

    private final Budget budget;

    Members(Budget budget) {
        this.budget = budget;
    }

    /** Returns {@code target.name}: an attribute or else an item. */
    Object attribute(Object target, String name) {
        if (target instanceof Undefined undefined) {
            throw undefined.error();
        }
        Optional<Object> own = own(target, name);
        if (own.isPresent()) {
            return own.get();
        }
        if (target instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        return missing(target, name);
    }

    /** Returns an attribute that is no item, as the filter {@code attr} does. */
    Object ownAttribute(Object target, String name) {
        return own(target, name).orElseGet(() -> missing(target, name));
    }

    /** Returns {@code target[key]}: an item or else an attribute. */
    Object item(Object target, Object key) {
        if (target instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (target instanceof Map<?, ?> map) {
            Object value = map.get(key);
            if (value != null) {
                return value;
            }
        }
        if (Numbers.isInteger(key)) {
            Optional<Object> element = element(target, Numbers.whole(key));
            if (element.isPresent()) {
                return element.get();
            }
        }
        if (key instanceof String name) {
            return own(target, name).orElseGet(() -> missing(target, name));
        }
        return Undefined.member(target, key);
    }

    private static Object missing(Object target, String name) {
        if (name.startsWith("__")
                || (CHANGES.contains(name) && (target instanceof Map || target instanceof List))) {
            return new Undefined(
                    "access to the attribute "
                            + PythonText.repr(name)
                            + " of "
                            + Values.described(target)
                            + " is not allowed");
        }
        return Undefined.member(target, name);
    }

    private static Optional<Object> element(Object target, long index) {
        long size =
                target instanceof String || Values.isSequence(target) ? Values.length(target) : 0;
        long at = index < 0 ? index + size : index;
        if (at < 0 || at >= size) {
            return Optional.empty();
        }
        if (target instanceof String text) {
            int begin = text.offsetByCodePoints(0, (int) at);
            return Optional.of(Character.toString(text.codePointAt(begin)));
        }
        return Optional.of(Values.items(target).get((int) at));
    }

    private Optional<Object> own(Object target, String name) {
        if (target instanceof String text) {
            return StringMethods.of(text, name, budget).map(method -> method);
        }
        if (target instanceof Map<?, ?> map) {
            return Optional.ofNullable(mapMethod(map, name));
        }
        if (Values.isSequence(target)) {
            return Optional.ofNullable(listMethod(Values.items(target), name));
        }
        if (target instanceof LoopVariable loop) {
            return loop.member(name);
        }
        if (target instanceof Namespace namespace) {
            return Optional.ofNullable(namespace.members().get(name));
        }
        return Optional.empty();
    }

    private @Nullable Callable mapMethod(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" -> arguments -> pairs(map);
            case "keys" -> arguments -> new ArrayList<Object>(map.keySet());
            case "values" -> arguments -> new ArrayList<Object>(map.values());
            case "copy" -> arguments -> map;
            case "get" ->
                    arguments -> {
                        CallArguments.Bound bound = arguments.bind("get", "key", "default");
                        Object value = map.get(bound.get("key"));
                        return value == null ? bound.get("default", None.NONE) : value;
                    };
            default -> null;
        };
    }

    private static @Nullable Callable listMethod(List<Object> list, String name) {
        return switch (name) {
            case "index" ->
                    arguments -> {
                        Object item = arguments.bind("index", "item").get("item");
                        for (int i = 0; i < list.size(); i++) {
                            if (Values.equal(list.get(i), item)) {
                                return (long) i;
                            }
                        }
                        throw JinjaException.of(PythonText.repr(item) + " is not in the list");
                    };
            case "count" ->
                    arguments -> {
                        Object item = arguments.bind("count", "item").get("item");
                        return list.stream().filter(each -> Values.equal(each, item)).count();
                    };
            case "copy" -> arguments -> list;
            default -> null;
        };
    }

    /** Returns the pairs of a map. */
    List<Object> pairs(Map<?, ?> map) {
        budget.make(map.size());
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(Tuple.of(key, value)));
        return pairs;
    }

    /** Returns {@code target[start:stop:step]}; a bound is an integer or {@code none}. */
    Object slice(Object target, Object start, Object stop, Object step) {
        if (target instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (!(target instanceof String) && !Values.isSequence(target)) {
            throw JinjaException.of(Values.described(target) + " has no slices");
        }
        List<Object> items = Values.iterate(target);
        int size = items.size();
        int by = step instanceof None ? 1 : Numbers.integer(step, "a slice");
        if (by == 0) {
            throw JinjaException.of("the step of a slice cannot be zero");
        }
        int first = bound(start, size, by, by > 0 ? 0 : size - 1);
        int end = bound(stop, size, by, by > 0 ? size : -1);
        List<Object> taken = new ArrayList<>();
        for (long at = first; by > 0 ? at < end : at > end; at += by) {
            taken.add(items.get((int) at));
        }
        budget.make(taken.size());
        if (target instanceof String) {
            StringBuilder text = new StringBuilder();
            taken.forEach(text::append);
            return text.toString();
        }
        return target instanceof Tuple ? new Tuple(taken) : taken;
    }

    private static int bound(Object given, int size, int step, int otherwise) {
        if (given instanceof None) {
            return otherwise;
        }
        long at = Numbers.integer(given, "a slice");
        at = at < 0 ? at + size : at;
        int least = step > 0 ? 0 : -1;
        int most = step > 0 ? size : size - 1;
        return (int) Math.max(least, Math.min(most, at));
    }
}
