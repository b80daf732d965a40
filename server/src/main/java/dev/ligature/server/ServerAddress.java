package dev.ligature.server;

/**
 * Where a server listens.
 *
 * @param host a name or an address of this machine; 127.0.0.1 is seen by this machine only
 * @param port a port, or 0 for any that is free
 */
public record ServerAddress(String host, int port) {}
