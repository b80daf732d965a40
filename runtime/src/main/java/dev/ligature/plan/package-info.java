/**
 * What is asked of LoRA and what that means for a model: the configuration, in PEFT's terms, and
 * the plan it resolves to. Pure values and functions over names, kinds, roles, shapes and data
 * types; no block and no array may come in here.
 */
@NullMarked
package dev.ligature.plan;

import org.jspecify.annotations.NullMarked;
