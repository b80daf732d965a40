/** The models that a server serves, of each task: what it is told to start with. */
@NullMarked
package dev.ligature.server.model;

import org.jspecify.annotations.NullMarked;
