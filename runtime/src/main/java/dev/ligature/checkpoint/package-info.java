/**
 * Files in Hugging Face's formats: base checkpoints, adapter configurations and safetensors files.
 * The exported face of {@code dev.ligature.internal.model}, {@code .peft} and {@code .tensors}.
 * Everything is validated before an array is allocated or a model is touched. No forward pass may
 * come in here.
 */
@NullMarked
package dev.ligature.checkpoint;

import org.jspecify.annotations.NullMarked;
