/** Conversations as the text that a model was trained on, by the template of its checkpoint. */
@NullMarked
package dev.ligature.models.chat;

import org.jspecify.annotations.NullMarked;
