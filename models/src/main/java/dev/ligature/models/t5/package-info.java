/** T5 and Flan-T5. */
@NullMarked
package dev.ligature.models.t5;

import org.jspecify.annotations.NullMarked;
