/**
 * Resolves a configuration to a plan: every rule of PEFT's matching, every rule about ties and
 * every conflict. Pure functions over names, kinds, roles, shapes and data types.
 */
@NullMarked
package dev.ligature.internal.resolve;

import org.jspecify.annotations.NullMarked;
