/**
 * Which adapters a model has, the routes through them and the merges that are open. Guards its
 * state by locks; no arithmetic may come in here.
 */
@NullMarked
package dev.ligature.internal.registry;

import org.jspecify.annotations.NullMarked;
