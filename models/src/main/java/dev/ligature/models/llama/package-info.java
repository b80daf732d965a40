/** Llama and Qwen2 as annotated DJL blocks, their configuration, and generation with a cache. */
@NullMarked
package dev.ligature.models.llama;

import org.jspecify.annotations.NullMarked;
