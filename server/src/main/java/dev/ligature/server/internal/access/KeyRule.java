package dev.ligature.server.internal.access;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the file says of one key.
 *
 * @param name what logs call it
 * @param hash the SHA-256 of the key, in 64 hexadecimal digits
 * @param models the models that it may use; null for all
 * @param requestsPerMinute the most requests of a minute; 0 for any number
 * @param tokensPerMinute the most tokens of a minute, of prompts and answers; 0 for any number
 * @param inFlight the most requests at a time; 0 for any number
 * @param admin whether it may see the metrics, and load and unload adapters
 */
record KeyRule(
        String name,
        String hash,
        @Nullable Set<String> models,
        long requestsPerMinute,
        long tokensPerMinute,
        long inFlight,
        boolean admin) {}
