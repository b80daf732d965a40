/**
 * The command line, one class per command. Commands parse, check, and print; what they do is done
 * by the runtime, the model and the text package. Every error that a user can cause ends in one
 * line and exit code 2.
 */
@NullMarked
package dev.ligature.cli;

import org.jspecify.annotations.NullMarked;
