/** Adapters on the real model, compared with numbers that PEFT and Transformers made. */
@NullMarked
package dev.ligature.examples.cases;

import org.jspecify.annotations.NullMarked;
