package dev.ligature.store.remote;

import dev.ligature.internal.diag.Message;

/** What is reported about adapters that are kept elsewhere. */
enum RemoteMessage implements Message {
    ADDRESS(
            "SourceAddress",
            "%1$s is not an address of adapters. Give an http or https address of a folder, without"
                    + " query, fragment, user and password."),
    UNREACHABLE(
            "SourceUnavailable",
            "%1$s cannot be read: %2$s. Check that it can be reached, and ask again."),
    STATUS(
            "SourceUnavailable",
            "%1$s cannot be read: the answer has status %2$s. Check the address and the"
                    + " credentials, and ask again."),
    TOO_SLOW(
            "SourceUnavailable",
            "Adapter %1$s of %2$s was not fetched within the limit of %3$s s: %4$s bytes had come."
                    + " Check the connection, or give the cache a longer limit, and ask again."),
    TOO_LONG(
            "SourceManifest",
            "%1$s has more than %2$s bytes. Give the text that is described for it."),
    LINE(
            "SourceManifest",
            "Line %2$s of %1$s is '%3$s'. Write it as sha256sum does, with 64 hexadecimal digits,"
                    + " two spaces and a file name without a path, once for each file."),
    NAME(
            "SourceManifest",
            "Line %2$s of %1$s is '%3$s', which is no name of an adapter. Names have up to 128"
                    + " letters, digits, dots, underscores and hyphens, with a letter or a digit"
                    + " first."),
    INCOMPLETE(
            "SourceManifest",
            "%1$s does not have %2$s. Write it again, over all files of the adapter."),
    GONE(
            "SourceDigest",
            "%1$s lists %2$s, which is not there. Put the files in place before the list, and ask"
                    + " again."),
    DIGEST(
            "SourceDigest",
            "%1$s has the SHA-256 %2$s, and should have %3$s. Put the file in place again, or the"
                    + " list of digests."),
    CACHE_FULL(
            "SourceCacheFull",
            "There is no room on disk for the next %2$s bytes of adapter %1$s: of %3$s bytes, %4$s"
                    + " are of adapters that are being read or fetched. Give the cache more bytes."),
    CACHE_SMALL(
            "SourceCacheFull",
            "Adapter %1$s has %2$s bytes or more, and all copies on disk may have %3$s. Give the cache"
                    + " more bytes."),
    COPY_LOST(
            "SourceCacheFull",
            "The copy of adapter %1$s was deleted or damaged each time before it was read, %2$s"
                    + " times. Give the cache more bytes, and check its disk."),
    CACHE_BUDGET(
            "SourceCache",
            "The cache has %1$s bytes; there must be some. Give it room for the adapters that are"
                    + " used within a day."),
    CACHE_RECHECK(
            "SourceCache",
            "The time for which an answer holds is %1$s; it must not be negative. Give zero to ask"
                    + " each time."),
    CACHE_LIMIT(
            "SourceCache",
            "The time in which an adapter must be fetched is %1$s; it must be positive. Give the"
                    + " time that the largest adapter takes."),
    CACHE_IN_USE(
            "SourceCache",
            "%1$s is in use by another process. Give each process a directory of its own."),
    CACHE_OPEN(
            "SourceCache",
            "%1$s is open in this process already. Use the cache that is open, or give another"
                    + " directory."),
    CACHE_CLOSED("SourceClosed", "The cache %1$s is closed. Open it again.");

    private final String code;
    private final String pattern;

    RemoteMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
