/**
 * A directory of adapters, cached for one model: an adapter is loaded when a request asks for it,
 * held in memory while a request leases it, and evicted least recently used first. No other package
 * of the runtime knows this one.
 */
@NullMarked
package dev.ligature.store;

import org.jspecify.annotations.NullMarked;
