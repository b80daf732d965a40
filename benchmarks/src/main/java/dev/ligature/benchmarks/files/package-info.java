/** What is done with the files of bases and adapters while they are loaded, by its cost. */
@NullMarked
package dev.ligature.benchmarks.files;

import org.jspecify.annotations.NullMarked;
