/**
 * Programs to learn from, in this order: {@link dev.ligature.examples.Quickstart}, {@link
 * dev.ligature.examples.FineTune}, {@link dev.ligature.examples.RowsOfOneBatch}, {@link
 * dev.ligature.examples.ServeTwoTenants}, {@link dev.ligature.examples.TrainAndAnswer}, {@link
 * dev.ligature.examples.MergeAndExport}.
 */
@NullMarked
package dev.ligature.examples;

import org.jspecify.annotations.NullMarked;
