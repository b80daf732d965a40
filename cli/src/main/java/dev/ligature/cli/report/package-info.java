/**
 * Reports of trainings: one HTML file each, without scripts and without anything from the network.
 * Reads the files of a run and knows no command.
 */
@NullMarked
package dev.ligature.cli.report;

import org.jspecify.annotations.NullMarked;
