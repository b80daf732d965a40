/**
 * Encoders with an adapter per request for DJL Serving, and for all else that loads models by DJL's
 * {@code Criteria}. Knows DJL's API alone; what is about one kind of model belongs to the package
 * that computes it.
 */
@NullMarked
package dev.ligature.models.serving;

import org.jspecify.annotations.NullMarked;
