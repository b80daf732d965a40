/**
 * Slots: the places in a model where an adapter can act. They are collected once, when a model is
 * wrapped. No adapter is known here; a pass reaches a slot through {@code SlotRouter}.
 */
@NullMarked
package dev.ligature.internal.slot;

import org.jspecify.annotations.NullMarked;
