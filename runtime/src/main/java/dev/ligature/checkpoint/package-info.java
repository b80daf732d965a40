/**
 * Files in Hugging Face's formats: base checkpoints, PEFT adapter directories, and the safetensors
 * files they are made of. Everything is validated before an array is allocated or a model is
 * touched, and what is written appears whole or not at all. No forward pass may come in here, and
 * no rule of matching names to modules: a plan says what an adapter is to have.
 */
@NullMarked
package dev.ligature.checkpoint;

import org.jspecify.annotations.NullMarked;
