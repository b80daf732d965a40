/**
 * An annotated BERT encoder to measure on, with the module names of Hugging Face's.
 *
 * <p>Only the model: nothing here knows of adapters or of measuring.
 */
@NullMarked
package dev.ligature.benchmarks.bert;

import org.jspecify.annotations.NullMarked;
