/**
 * What other programs that read PEFT adapters, vLLM and llama.cpp, accept. Optional knowledge:
 * nothing else in the runtime may depend on it.
 */
@NullMarked
package dev.ligature.interop;

import org.jspecify.annotations.NullMarked;
