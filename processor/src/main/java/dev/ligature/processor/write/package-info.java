/** Writes the generated classes. Writers do not decide: everything is settled in the model. */
@NullMarked
package dev.ligature.processor.write;

import org.jspecify.annotations.NullMarked;
