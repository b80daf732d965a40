/**
 * The page that a server shows to whoever opens it in a browser: files, and no code but that finds
 * them. What is on it comes from the server's API.
 */
@NullMarked
package dev.ligature.server.internal.page;

import org.jspecify.annotations.NullMarked;
