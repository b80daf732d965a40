/** What the packages of the models share; not API, and may change in any version. */
@NullMarked
package dev.ligature.models.internal;

import org.jspecify.annotations.NullMarked;
