package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a script computes wrong.
 *
 * @param operator the method
 * @param difference the largest difference over the largest value
 * @param shape the shape of its result
 */
record Fault(String operator, double difference, Shape shape) {
    private static final double TOLERANCE = 1e-4;

    /** Returns the fault of an operator, if its result is not what is expected. */
    static Optional<Fault> compare(String operator, NDArray result, NDArray expected) {
        if (!result.getShape().equals(expected.getShape())) {
            return Optional.of(new Fault(operator, Double.NaN, result.getShape()));
        }
        double largest = expected.abs().max().getFloat();
        double difference = result.sub(expected).abs().max().getFloat() / largest;
        return difference <= TOLERANCE // not so if it is NaN
                ? Optional.empty()
                : Optional.of(new Fault(operator, difference, expected.getShape()));
    }

    /** Returns the first fault that checks find. */
    @SafeVarargs
    static Optional<Fault> first(Supplier<Optional<Fault>>... checks) {
        for (Supplier<Optional<Fault>> check : checks) {
            Optional<Fault> fault = check.get();
            if (fault.isPresent()) {
                return fault;
            }
        }
        return Optional.empty();
    }

    /**
     * Returns what to tell a reader of the log.
     *
     * @param script the name of the script
     */
    String message(String script) {
        OperatorMessage message = OperatorMessage.WRONG;
        return "[" + message.code() + "] " + message.text(operator, script, difference, shape);
    }
}
