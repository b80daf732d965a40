/** BERT and its heads as annotated DJL blocks, and their configuration. */
@NullMarked
package dev.ligature.models.bert;

import org.jspecify.annotations.NullMarked;
