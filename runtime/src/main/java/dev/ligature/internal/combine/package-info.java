/** Several adapters made into one, offline: PEFT's {@code add_weighted_adapter}. */
@NullMarked
package dev.ligature.internal.combine;

import org.jspecify.annotations.NullMarked;
