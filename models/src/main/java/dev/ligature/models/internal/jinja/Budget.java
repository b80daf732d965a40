package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;

/** What a rendering may still use; a template is a stranger's program. */
final class Budget {
    private static final int DEEPEST = 600;

    private final Limits limits;
    private long steps;
    private long size;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    /** Counts an expression or a statement, and goes a level deeper. */
    void enter() {
        if (++steps > limits.steps()) {
            throw JinjaException.of("it takes more than " + limits.steps() + " steps");
        }
        if (++depth > DEEPEST) {
            throw JinjaException.of("it calls itself more deeply than " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }

    /** Counts characters of a text, or values of a list, before they are made. */
    void make(long count) {
        size += count;
        if (size > limits.size()) {
            throw JinjaException.of("it makes more than " + limits.size() + " characters");
        }
    }

    /** Counts a text that was made. */
    String made(String text) {
        make(text.length());
        return text;
    }
}
