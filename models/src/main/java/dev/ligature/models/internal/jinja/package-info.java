/**
 * Renders Jinja templates as Jinja2 3.1 does with the settings of Transformers' chat templates.
 *
 * <p>Values are Java's: {@link java.lang.String}, {@link java.lang.Long}, {@link java.lang.Double},
 * {@link java.lang.Boolean}, {@link java.util.List}, {@link java.util.Map}, with {@link
 * dev.ligature.models.internal.jinja.None}, {@link dev.ligature.models.internal.jinja.Tuple} and
 * {@link dev.ligature.models.internal.jinja.Undefined} for what Java lacks. A template reaches
 * these and nothing else: there is no reflection, no file and no mutable value but a namespace.
 */
@NullMarked
package dev.ligature.models.internal.jinja;

import org.jspecify.annotations.NullMarked;
