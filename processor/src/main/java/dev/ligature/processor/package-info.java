/**
 * The annotation processor, in rooms with one-way doors: {@code read} turns elements into {@code
 * model}, {@code check} looks at the model and returns {@code diag}nostics and what to generate,
 * {@code write} writes it. This package leads from one to the next, and nothing else.
 */
@NullMarked
package dev.ligature.processor;

import org.jspecify.annotations.NullMarked;
