package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.CallArguments.Bound;
import dev.ligature.models.internal.jinja.Filters.Filter;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The filters of lists and maps. */
final class ListFilters {
    private final Filters filters;
    private final Members members;
    private final Budget budget;

    ListFilters(Filters filters, Members members, Budget budget) {
        this.filters = filters;
        this.members = members;
        this.budget = budget;
    }

    void addTo(Map<String, Filter> all) {
        all.put("length", (value, none) -> Values.length(value));
        all.put("count", (value, none) -> Values.length(value));
        all.put("list", (value, none) -> new ArrayList<>(Values.iterate(value)));
        all.put("first", (value, none) -> end(value, true));
        all.put("last", (value, none) -> end(value, false));
        all.put("join", this::join);
        all.put("reverse", (value, none) -> reverse(value));
        all.put("sort", this::sort);
        all.put("unique", this::unique);
        all.put("min", (value, given) -> extreme(value, given, false));
        all.put("max", (value, given) -> extreme(value, given, true));
        all.put("sum", this::sum);
        all.put("batch", this::batch);
        all.put("groupby", this::groupBy);
        all.put("items", (value, none) -> items(value));
        all.put("dictsort", this::sortedPairs);
        all.put("map", this::map);
        all.put("select", (value, given) -> select(value, given, false, true));
        all.put("reject", (value, given) -> select(value, given, false, false));
        all.put("selectattr", (value, given) -> select(value, given, true, true));
        all.put("rejectattr", (value, given) -> select(value, given, true, false));
    }

    private static Object end(Object value, boolean first) {
        List<Object> items = Values.iterate(value);
        if (items.isEmpty()) {
            return new Undefined("No item: the sequence is empty");
        }
        return items.get(first ? 0 : items.size() - 1);
    }

    private Object join(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("join", "d", "attribute");
        Function<Object, Object> get = getter(bound.get("attribute", None.NONE));
        List<String> parts = new ArrayList<>();
        for (Object item : Values.iterate(value)) {
            parts.add(budget.made(PythonText.str(get.apply(item))));
        }
        String separator = PythonText.str(bound.get("d", ""));
        budget.make((long) separator.length() * parts.size());
        return String.join(separator, parts);
    }

    private static Object reverse(Object value) {
        if (value instanceof String text) {
            return new StringBuilder(text).reverse().toString();
        }
        List<Object> items = new ArrayList<>(Values.iterate(value));
        Collections.reverse(items);
        return items;
    }

    /** Returns a getter of an attribute, {@code a.b.0}; of none, of the value itself. */
    private Function<Object, Object> getter(Object attribute) {
        if (attribute instanceof None) {
            return item -> item;
        }
        if (Numbers.isInteger(attribute)) {
            return item -> members.item(item, attribute);
        }
        String[] names = Values.text(attribute, "attribute").split("\\.", -1);
        return item -> {
            Object value = item;
            for (String name : names) {
                Object key = name.matches("\\d{1,9}") ? (Object) Long.valueOf(name) : name;
                value = members.item(value, key);
            }
            return value;
        };
    }

    /** Texts compare without regard to case, unless asked to. */
    private static Object key(Object value, Bound bound) {
        return value instanceof String text && !bound.flag("case_sensitive")
                ? text.toLowerCase(Locale.ROOT)
                : value;
    }

    private Object sort(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        Function<Object, Object> get = getter(bound.get("attribute", None.NONE));
        Comparator<Object> order =
                Comparator.comparing(item -> key(get.apply(item), bound), Values::compare);
        List<Object> sorted = new ArrayList<>(Values.iterate(value));
        sorted.sort(bound.flag("reverse") ? order.reversed() : order);
        return sorted;
    }

    private Object unique(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("unique", "case_sensitive", "attribute");
        Function<Object, Object> get = getter(bound.get("attribute", None.NONE));
        List<Object> seen = new ArrayList<>();
        List<Object> unique = new ArrayList<>();
        for (Object item : Values.iterate(value)) {
            Object key = key(get.apply(item), bound);
            budget.make(seen.size());
            if (seen.stream().noneMatch(other -> Values.equal(other, key))) {
                seen.add(key);
                unique.add(item);
            }
        }
        return unique;
    }

    private Object extreme(Object value, CallArguments arguments, boolean largest) {
        Bound bound = arguments.bind("min or max", "case_sensitive", "attribute");
        Function<Object, Object> get = getter(bound.get("attribute", None.NONE));
        List<Object> items = Values.iterate(value);
        if (items.isEmpty()) {
            return new Undefined("No item: the sequence is empty");
        }
        Object best = items.get(0);
        for (Object item : items) {
            int order = Values.compare(key(get.apply(item), bound), key(get.apply(best), bound));
            if (largest ? order > 0 : order < 0) {
                best = item;
            }
        }
        return best;
    }

    private Object sum(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("sum", "attribute", "start");
        Function<Object, Object> get = getter(bound.get("attribute", None.NONE));
        Operators operators = new Operators(budget);
        Object sum = bound.get("start", 0L);
        for (Object item : Values.iterate(value)) {
            sum = operators.binary("+", sum, get.apply(item));
        }
        return sum;
    }

    private Object batch(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("batch", "linecount", "fill_with");
        int size = Numbers.integer(bound.get("linecount"), "batch");
        if (size < 1) {
            throw JinjaException.of("batch needs a size of at least 1, and not " + size);
        }
        Object fill = bound.get("fill_with", None.NONE);
        List<Object> batches = new ArrayList<>();
        List<Object> items = Values.iterate(value);
        for (int from = 0; from < items.size(); from += size) {
            List<Object> batch =
                    new ArrayList<>(items.subList(from, Math.min(items.size(), from + size)));
            if (!(fill instanceof None)) {
                budget.make(size);
                batch.addAll(Collections.nCopies(size - batch.size(), fill));
            }
            batches.add(batch);
        }
        return batches;
    }

    private Object groupBy(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
        Function<Object, Object> get = getter(bound.get("attribute"));
        Function<Object, Object> known =
                item -> {
                    Object found = get.apply(item);
                    return found instanceof Undefined ? bound.get("default", found) : found;
                };
        List<Object> sorted = new ArrayList<>(Values.iterate(value));
        sorted.sort(Comparator.comparing(item -> key(known.apply(item), bound), Values::compare));
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : sorted) {
            boolean joins =
                    !group.isEmpty()
                            && Values.equal(
                                    key(known.apply(group.get(0)), bound),
                                    key(known.apply(item), bound));
            if (!joins) {
                group = new ArrayList<>();
                groups.add(Tuple.of(known.apply(item), group));
            }
            group.add(item);
        }
        return groups;
    }

    private Object items(Object value) {
        if (value instanceof Undefined) {
            return List.of();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw JinjaException.of("items needs a map, and not " + Values.typeName(value));
        }
        return members.pairs(map);
    }

    private Object sortedPairs(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        String by = bound.text("by", "key");
        if (!Set.of("key", "value").contains(by)) {
            throw JinjaException.of("dictsort sorts by key or value, and not by " + by);
        }
        int part = by.equals("key") ? 0 : 1;
        List<Object> pairs = new ArrayList<>(Values.iterate(items(value)));
        Comparator<Object> order =
                Comparator.comparing(
                        pair -> key(Values.items(pair).get(part), bound), Values::compare);
        pairs.sort(bound.flag("reverse") ? order.reversed() : order);
        return pairs;
    }

    private Object map(Object value, CallArguments arguments) {
        List<Object> mapped = new ArrayList<>();
        List<Object> items = itemsOrNone(value);
        if (arguments.positional().isEmpty()) {
            Bound bound = arguments.bind("map", "attribute", "default");
            Function<Object, Object> get = getter(bound.get("attribute"));
            for (Object item : items) {
                Object found = get.apply(item);
                mapped.add(found instanceof Undefined ? bound.get("default", found) : found);
            }
            return mapped;
        }
        String name = Values.text(arguments.positional().get(0), "map");
        for (Object item : items) {
            mapped.add(filters.apply(item, name, arguments.without(1)));
        }
        return mapped;
    }

    /** These filters take any false value for an empty list, as Jinja2's do. */
    private static List<Object> itemsOrNone(Object value) {
        return Values.isTrue(value) ? Values.iterate(value) : List.of();
    }

    /** Keeps items by a test, or by their truth; of an attribute of theirs if asked to. */
    private Object select(Object value, CallArguments arguments, boolean attribute, boolean kept) {
        List<Object> given = arguments.positional();
        int used = attribute ? 1 : 0;
        if (given.size() < used) {
            throw JinjaException.of("selectattr and rejectattr need an attribute");
        }
        Function<Object, Object> get = getter(attribute ? given.get(0) : None.NONE);
        boolean tests = given.size() > used;
        String name = tests ? Values.text(given.get(used), "select") : "";
        if (tests) {
            ValueTests.check(name);
        }
        List<Object> chosen = new ArrayList<>();
        for (Object item : itemsOrNone(value)) {
            Object asked = get.apply(item);
            boolean holds =
                    tests
                            ? ValueTests.test(asked, name, arguments.without(used + 1))
                            : Values.isTrue(asked);
            if (holds == kept) {
                chosen.add(item);
            }
        }
        return chosen;
    }
}
