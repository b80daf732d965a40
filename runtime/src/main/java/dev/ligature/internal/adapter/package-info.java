/**
 * Adapters: named bundles of arrays with an owner, how they are initialised, counted and freed. No
 * slot and no forward pass may come in here.
 */
@NullMarked
package dev.ligature.internal.adapter;

import org.jspecify.annotations.NullMarked;
