/**
 * Fused operators for DJL's PyTorch engine, as TorchScript that is made from readable text. On the
 * class path they are found by {@code dev.ligature.ops.EngineOperators}; there is nothing to call.
 */
@NullMarked
package dev.ligature.pytorch;

import org.jspecify.annotations.NullMarked;
