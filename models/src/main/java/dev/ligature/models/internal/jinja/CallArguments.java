package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The values that a call gives.
 *
 * @param positional those by position
 * @param named those by name
 */
record CallArguments(List<Object> positional, Map<String, Object> named) {
    static CallArguments none() {
        return new CallArguments(List.of(), Map.of());
    }

    /** Returns the values without the first ones. */
    CallArguments without(int first) {
        return new CallArguments(positional.subList(first, positional.size()), named);
    }

    /** Returns the values without those of some names. */
    CallArguments without(Set<String> names) {
        Map<String, Object> left = new LinkedHashMap<>(named);
        left.keySet().removeAll(names);
        return new CallArguments(positional, left);
    }

    /**
     * Assigns the values to parameters.
     *
     * @param function the name of the function, for messages
     * @param parameters the names of the parameters
     */
    Bound bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw JinjaException.of(
                    function
                            + " takes at most "
                            + parameters.length
                            + " arguments, and not "
                            + positional.size());
        }
        Map<String, Object> values = new HashMap<>(named);
        for (int i = 0; i < positional.size(); i++) {
            if (values.put(parameters[i], positional.get(i)) != null) {
                throw JinjaException.of(function + " gets " + parameters[i] + " twice");
            }
        }
        List<String> unknown = new ArrayList<>(named.keySet());
        unknown.removeAll(List.of(parameters));
        if (!unknown.isEmpty()) {
            throw JinjaException.of(function + " has no parameter " + unknown.get(0));
        }
        return new Bound(function, values);
    }

    /** Values by the names of parameters. */
    record Bound(String function, Map<String, Object> values) {
        boolean has(String name) {
            return values.containsKey(name);
        }

        Object get(String name) {
            Object value = values.get(name);
            if (value == null) {
                throw JinjaException.of(function + " needs the argument " + name);
            }
            return value;
        }

        Object get(String name, Object otherwise) {
            return values.getOrDefault(name, otherwise);
        }

        String text(String name, String otherwise) {
            return has(name) ? Values.text(get(name), function) : otherwise;
        }

        int integer(String name, int otherwise) {
            return has(name) ? Numbers.integer(get(name), function) : otherwise;
        }

        boolean flag(String name) {
            return has(name) && Values.isTrue(get(name));
        }
    }
}
