/**
 * What a user asks of LoRA, in PEFT's terms: an immutable configuration and its parts. Values only:
 * no model, no block and no array may come in here, and no rule that matches names to modules.
 */
@NullMarked
package dev.ligature.config;

import org.jspecify.annotations.NullMarked;
