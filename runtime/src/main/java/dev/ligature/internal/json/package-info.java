/**
 * Reads JSON strictly: no duplicate keys, no unknown types, errors with a path. No data binding.
 */
@NullMarked
package dev.ligature.internal.json;

import org.jspecify.annotations.NullMarked;
