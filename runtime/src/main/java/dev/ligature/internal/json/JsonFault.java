package dev.ligature.internal.json;

/** What is wrong with a JSON text, by the exception of Gson's reader. */
public final class JsonFault {
    private static final String ADVICE =
            "Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed JSON";

    private JsonFault() {}

    /**
     * Returns what is wrong and where, without what Gson adds for those who program with it: the
     * advice to be lenient, and in a second line the address of a guide.
     *
     * @param error an exception of the reader
     */
    public static String of(Exception error) {
        String message = String.valueOf(error.getMessage());
        int end = message.indexOf('\n');
        String first = end < 0 ? message : message.substring(0, end);
        String fault = first.replace(ADVICE, "malformed JSON");
        // A path ends with a dot where the name of a member is to follow.
        return fault.endsWith(".") ? fault.substring(0, fault.length() - 1) : fault;
    }
}
