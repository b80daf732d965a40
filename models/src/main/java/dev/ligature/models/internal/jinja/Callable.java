package dev.ligature.models.internal.jinja;

/** What a template can call. */
@FunctionalInterface
interface Callable {
    Object call(CallArguments arguments);
}
