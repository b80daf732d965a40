/** Reads encoders that were exported to ONNX, and writes them as Hugging Face directories. */
@NullMarked
package dev.ligature.models.onnx;

import org.jspecify.annotations.NullMarked;
