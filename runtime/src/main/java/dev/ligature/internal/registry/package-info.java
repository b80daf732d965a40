/**
 * Which adapters a model has, and the routes through them. Guards its state by locks; no arithmetic
 * may come in here.
 */
@NullMarked
package dev.ligature.internal.registry;

import org.jspecify.annotations.NullMarked;
