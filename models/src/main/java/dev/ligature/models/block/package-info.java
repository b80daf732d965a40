/**
 * Parts that several models are built of: the loop over a decoder's layers, attention, norm, rotary
 * tables, causal mask, feed-forward part, linear layers, inputs, and fields of config.json.
 */
@NullMarked
package dev.ligature.models.block;

import org.jspecify.annotations.NullMarked;
