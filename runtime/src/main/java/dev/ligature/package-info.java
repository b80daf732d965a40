/**
 * Adapters on a model: wrapping it, creating, loading, routing, merging and saving them. The public
 * face of the runtime, over the packages that plan, read and write, and compute.
 */
@NullMarked
package dev.ligature;

import org.jspecify.annotations.NullMarked;
