/** The documentation's code, compiled and run. */
@NullMarked
package dev.ligature.examples.docs;

import org.jspecify.annotations.NullMarked;
