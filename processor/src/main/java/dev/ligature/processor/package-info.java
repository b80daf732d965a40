/** The annotation processor: reads annotated models, checks them, and writes their injectors. */
@NullMarked
package dev.ligature.processor;

import org.jspecify.annotations.NullMarked;
