package dev.ligature.server.architecture.planted;

import io.vertx.core.http.impl.HttpServerConnection;

/** Needs what the HTTP library does not offer. */
record UsesTheInside(HttpServerConnection connection) {}
