/**
 * Which requests join what is computed, and when: the line in which they wait, the adapters that
 * they name, and the threads that lease these. Nothing here computes.
 */
@NullMarked
package dev.ligature.server.internal.admission;

import org.jspecify.annotations.NullMarked;
