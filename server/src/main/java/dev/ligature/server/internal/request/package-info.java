/**
 * What bodies of requests ask for, read strictly into values, without the model and without HTTP.
 */
@NullMarked
package dev.ligature.server.internal.request;

import org.jspecify.annotations.NullMarked;
