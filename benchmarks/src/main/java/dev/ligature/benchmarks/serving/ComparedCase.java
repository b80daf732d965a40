package dev.ligature.benchmarks.serving;

import java.io.IOException;

/** A case that computes what PEFT's side computes. */
interface ComparedCase extends Case {
    /** Returns the numbers that PEFT's side must have as well, before anything is timed. */
    float[] numbers() throws IOException;
}
