/**
 * Trainings that can be stopped and gone on with: their checkpoints on disk, and what must be the
 * same when they go on. Knows no task and no family of models.
 */
@NullMarked
package dev.ligature.models.run;

import org.jspecify.annotations.NullMarked;
