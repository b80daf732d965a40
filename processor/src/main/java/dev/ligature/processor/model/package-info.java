/**
 * What was read of annotated classes, and what is to be written for them: records only, without
 * elements or types of the compiler but for the site of a diagnostic.
 */
@NullMarked
package dev.ligature.processor.model;

import org.jspecify.annotations.NullMarked;
