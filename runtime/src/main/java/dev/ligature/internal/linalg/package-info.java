/**
 * Matrix decompositions, which DJL lacks: EJML computes them in double precision, DJL the large
 * products around them. No adapter is known here.
 */
@NullMarked
package dev.ligature.internal.linalg;

import org.jspecify.annotations.NullMarked;
