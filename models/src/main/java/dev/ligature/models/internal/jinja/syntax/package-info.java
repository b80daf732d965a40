/** The syntax of Jinja 3.1 templates: from text to a tree of statements and expressions. */
@NullMarked
package dev.ligature.models.internal.jinja.syntax;

import org.jspecify.annotations.NullMarked;
