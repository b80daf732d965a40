package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;

/**
 * The value of what is not there: printed as nothing, false, and an error in anything else.
 *
 * @param reason what the error says
 */
record Undefined(String reason) {
    static Undefined variable(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined member(Object target, Object key) {
        return new Undefined(
                Values.described(target) + " has no attribute " + PythonText.repr(key));
    }

    JinjaException error() {
        return JinjaException.of(reason);
    }
}
