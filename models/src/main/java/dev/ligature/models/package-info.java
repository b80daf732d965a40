/** What every model has: its family, shape and tokens. */
@NullMarked
package dev.ligature.models;

import org.jspecify.annotations.NullMarked;
