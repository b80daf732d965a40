/** GPT-2 as DJL blocks. */
@NullMarked
package dev.ligature.models.gpt2;

import org.jspecify.annotations.NullMarked;
