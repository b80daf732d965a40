package dev.ligature.internal.peft;

import ai.djl.ndarray.types.DataType;
import java.util.List;

/**
 * A part of a plan as adapter files hold it: a factor pair, a copy of a parameter or token rows.
 *
 * @param copies what each of the tied modules that read the part has of it; one copy is enough
 * @param written the copies that are written
 * @param dataType the data type of the arrays
 * @param reason why the tensors have their shapes, for messages
 * @param difference the message for copies that differ
 */
record SavedPart(
        List<Copy> copies,
        List<Copy> written,
        DataType dataType,
        String reason,
        PeftMessage difference) {

    /**
     * What one module has of a part.
     *
     * @param module the module's name
     * @param tensors the tensors, in the order of the part's arrays
     */
    record Copy(String module, List<SavedTensor> tensors) {}
}
