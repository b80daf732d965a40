/**
 * A directory of adapters as the catalogue over one model: what is asked for is loaded, what is not
 * asked for makes room, and what a request holds stays. Uses the public face of the runtime only;
 * nobody below knows this package.
 */
@NullMarked
package dev.ligature.store;

import org.jspecify.annotations.NullMarked;
