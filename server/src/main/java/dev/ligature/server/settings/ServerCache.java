package dev.ligature.server.settings;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How a server reads prompts, and how many keys and values it holds.
 *
 * @param prefillTokens the most tokens of prompts that are read between two tokens of the texts
 *     that grow
 * @param bytes the most bytes of keys and values, of texts under way and of kept prefixes together
 * @param keepsPrefixes whether those of texts are kept for requests of the same adapter that begin
 *     with the same tokens
 */
public record ServerCache(int prefillTokens, long bytes, boolean keepsPrefixes) {
    /** What the command line has unless told otherwise. */
    public static final ServerCache DEFAULTS = new ServerCache(512, quarterOfMemory(), true);

    /** Returns a quarter of the memory of the machine, or of the container. */
    private static long quarterOfMemory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize()
                / 4;
    }
}
