/**
 * Decompositions of matrices, which DJL does not have: EJML computes them in double precision, DJL
 * the large products around them. Nothing here knows of adapters.
 */
@NullMarked
package dev.ligature.linalg;

import org.jspecify.annotations.NullMarked;
