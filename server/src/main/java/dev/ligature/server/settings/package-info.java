/** Where a server listens, who may reach it, and what it takes on: values, without code. */
@NullMarked
package dev.ligature.server.settings;

import org.jspecify.annotations.NullMarked;
