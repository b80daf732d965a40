/**
 * Adapters that are kept elsewhere, such as behind HTTP or in an object store, and copied to this
 * machine's disk when they are loaded. Knows the store only as what takes an {@link
 * dev.ligature.store.AdapterSource}.
 */
@NullMarked
package dev.ligature.store.remote;

import org.jspecify.annotations.NullMarked;
