package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.CallArguments.Bound;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** The functions that each template has: Jinja2's, and those of Transformers. */
final class Globals {
    private static final long LONGEST_RANGE = 1_000_000;

    private Globals() {}

    static void addTo(Scope scope, Budget budget, ZonedDateTime now) {
        Map<String, Callable> functions =
                Map.of(
                        "range", arguments -> range(arguments, budget),
                        "dict", arguments -> new LinkedHashMap<>(arguments.named()),
                        "namespace", Globals::namespace,
                        "joiner", Globals::joiner,
                        "raise_exception",
                                arguments -> {
                                    throw JinjaException.raised(
                                            PythonText.str(
                                                    arguments
                                                            .bind("raise_exception", "message")
                                                            .get("message")));
                                },
                        "strftime_now",
                                arguments ->
                                        TimeFormat.format(
                                                arguments
                                                        .bind("strftime_now", "format")
                                                        .text("format", ""),
                                                now));
        functions.forEach(scope::set);
    }

    private static Object range(CallArguments arguments, Budget budget) {
        Bound bound = arguments.bind("range", "first", "stop", "step");
        long first = bound.has("stop") ? bound.integer("first", 0) : 0;
        long stop = bound.has("stop") ? bound.integer("stop", 0) : bound.integer("first", 0);
        long step = bound.integer("step", 1);
        if (step == 0) {
            throw JinjaException.of("the step of a range cannot be zero");
        }
        long size = Math.max(0, Math.floorDiv(stop - first + step - Long.signum(step), step));
        if (size > LONGEST_RANGE) {
            throw JinjaException.of(
                    "a range has "
                            + size
                            + " numbers, and at most "
                            + LONGEST_RANGE
                            + " are allowed");
        }
        budget.make(size);
        List<Object> numbers = new ArrayList<>();
        for (long i = 0; i < size; i++) {
            numbers.add(first + i * step);
        }
        return numbers;
    }

    private static Object namespace(CallArguments arguments) {
        Namespace namespace = new Namespace();
        for (Object given : arguments.positional()) {
            if (!(given instanceof Map<?, ?> map)) {
                throw JinjaException.of("namespace needs a map, and not " + Values.typeName(given));
            }
            map.forEach(
                    (key, value) -> namespace.members().put(Values.text(key, "namespace"), value));
        }
        namespace.members().putAll(arguments.named());
        return namespace;
    }

    private static Object joiner(CallArguments arguments) {
        String separator = arguments.bind("joiner", "sep").text("sep", ", ");
        AtomicBoolean used = new AtomicBoolean();
        return (Callable) nothing -> used.getAndSet(true) ? separator : "";
    }
}
