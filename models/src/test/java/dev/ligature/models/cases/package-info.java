/** Adapters on the real model, compared with numbers that PEFT and Transformers made. */
@NullMarked
package dev.ligature.models.cases;

import org.jspecify.annotations.NullMarked;
