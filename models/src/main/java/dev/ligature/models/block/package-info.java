/**
 * Parts that several models are built of: norm, rotary tables, causal mask, linear layers, inputs,
 * and fields of config.json.
 */
@NullMarked
package dev.ligature.models.block;

import org.jspecify.annotations.NullMarked;
