/**
 * The safetensors format: headers, shards, bytes and data types, validated before an array exists.
 */
@NullMarked
package dev.ligature.internal.tensors;

import org.jspecify.annotations.NullMarked;
