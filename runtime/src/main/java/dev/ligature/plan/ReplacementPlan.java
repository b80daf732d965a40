package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * One parameter of the base that an adapter has its own copy of: a part of a module in {@code
 * modules_to_save}, or a bias.
 *
 * @param readers where it is read, in the model's order; at least one. Modules that are tied have
 *     one copy
 * @param shape its shape
 * @param dataType the copy's data type: float64 of a float64 base, else float32
 * @param reason why there is a copy
 */
public record ReplacementPlan(List<Reader> readers, Shape shape, DataType dataType, Reason reason) {
    /** Copies the list. */
    public ReplacementPlan {
        readers = List.copyOf(readers);
        if (readers.isEmpty()) {
            throw new IllegalArgumentException("A copy of shape " + shape + " has no reader");
        }
    }

    /** Why an adapter has a copy of a parameter. */
    public enum Reason {
        /** Its module is in {@code modules_to_save}. */
        SAVED_MODULE,

        /** It is a bias, and {@code bias} asks for it. */
        BIAS,

        /**
         * The adapter's file has another value of it than the base, and {@code BaseDifference.FILE}
         * asks for the file's. A pair or token rows of the same parameter come on top of it. It is
         * never trained.
         */
        FILE
    }

    /**
     * A parameter of a module that the copy stands for.
     *
     * @param module the module's name
     * @param parameter the parameter's name below it, such as {@code weight}
     */
    public record Reader(String module, String parameter) {
        /** Returns the full name, {@code model.norm.weight}. */
        public String name() {
            return module + "." + parameter;
        }
    }

    /** Returns the full name at the first reader, by which the copy is known. */
    public String name() {
        return readers.get(0).name();
    }

    /** Returns the number of elements. */
    public long parameterCount() {
        return shape.size();
    }
}
