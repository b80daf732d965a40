/**
 * Text generation with any decoder: a cache of keys and values, a running batch that texts join and
 * leave, sampling.
 */
@NullMarked
package dev.ligature.models.generation;

import org.jspecify.annotations.NullMarked;
