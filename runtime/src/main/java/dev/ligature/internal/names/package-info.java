/** Names of modules: PEFT's patterns and Python's regular expressions, layer indices, wildcards. */
@NullMarked
package dev.ligature.internal.names;

import org.jspecify.annotations.NullMarked;
