package dev.ligature.processor.write;

import com.palantir.javapoet.CodeBlock;
import java.util.ArrayList;
import java.util.List;

/**
 * Code whose length depends on the model, cut into parts that fit into one method each: a method of
 * the JVM has at most 65,535 bytes, and compilers descend into chained calls one by one.
 */
final class Parts {
    private final int most;
    private final List<CodeBlock.Builder> parts = new ArrayList<>();
    private int left;

    /**
     * Creates one empty part.
     *
     * @param most how many calls a part has at most
     */
    Parts(int most) {
        this.most = most;
        begin();
    }

    /** Adds code with a number of calls, which stands together. */
    void add(CodeBlock code, int calls) {
        if (calls > left) {
            begin();
        }
        parts.get(parts.size() - 1).add(code);
        left -= calls;
    }

    /** Adds one call. */
    void add(String format, Object... arguments) {
        add(CodeBlock.of(format, arguments), 1);
    }

    /** Returns the parts. */
    List<CodeBlock> all() {
        return parts.stream().map(CodeBlock.Builder::build).toList();
    }

    private void begin() {
        parts.add(CodeBlock.builder());
        left = most;
    }
}
