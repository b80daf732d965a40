/** Embeddings of texts: pooling and normalising, as sentence-transformers configures them. */
@NullMarked
package dev.ligature.models.embedding;

import org.jspecify.annotations.NullMarked;
