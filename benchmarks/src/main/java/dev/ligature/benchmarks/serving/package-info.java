/**
 * Ligature's side of the comparison with PEFT: a program that {@code benchmarks/compare} starts
 * next to one of PEFT's, and tells over a pipe what to set up and when to run it. What is measured
 * and with what it is compared stands there, in {@code compare.py}.
 */
@NullMarked
package dev.ligature.benchmarks.serving;

import org.jspecify.annotations.NullMarked;
