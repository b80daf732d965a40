/** The search for names that a mistyped one may have meant; for the processor and the runtime. */
package dev.ligature.internal.hint;
