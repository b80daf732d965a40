/** OLMo 2 as DJL blocks. */
@NullMarked
package dev.ligature.models.olmo2;

import org.jspecify.annotations.NullMarked;
