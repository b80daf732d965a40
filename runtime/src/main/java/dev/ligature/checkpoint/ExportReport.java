package dev.ligature.checkpoint;

/**
 * What was written to a checkpoint.
 *
 * @param tensors the number of tensors
 * @param replaced the number of those that hold new values
 * @param largestRounding the largest |written − value| of all values that were rounded to a
 *     narrower data type; 0 if none was
 * @param largestRoundingTensor the tensor it is in; empty if no value was changed by rounding
 */
public record ExportReport(
        int tensors, int replaced, double largestRounding, String largestRoundingTensor) {}
