/** Files and directories that appear whole or not at all. */
@NullMarked
package dev.ligature.internal.files;

import org.jspecify.annotations.NullMarked;
