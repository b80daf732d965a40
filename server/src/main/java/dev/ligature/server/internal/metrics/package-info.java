/**
 * What a server counts and measures, for Prometheus. Nothing here knows of requests or models: the
 * server says what happened, by names whose number is bounded here.
 */
@NullMarked
package dev.ligature.server.internal.metrics;

import org.jspecify.annotations.NullMarked;
