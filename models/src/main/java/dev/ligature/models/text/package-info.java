/**
 * From files to batches of token ids: documents out of folders and archives, a tokenizer, the split
 * into a training and a held-out part, and windows over a stream of tokens. Knows no model.
 */
@NullMarked
package dev.ligature.models.text;

import org.jspecify.annotations.NullMarked;
