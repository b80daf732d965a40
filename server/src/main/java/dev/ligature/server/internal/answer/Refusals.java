package dev.ligature.server.internal.answer;

/** The errors of requests that end for reasons of the server's, or of clients that go away. */
public final class Refusals {
    /** The status that proxies count requests by whose client went away. */
    public static final int GONE = 499;

    private Refusals() {}

    /** Returns the error of requests that come when the server is about to stop. */
    public static ApiException stopping() {
        return ApiException.of(
                503, "stopping", "The server is about to stop. Ask another one, or later.");
    }

    /** Returns what nobody hears. */
    public static ApiException gone() {
        return ApiException.of(GONE, "client_gone", "The client went away.");
    }

    /** Returns the error of a request whose time is over. */
    public static ApiException late() {
        return ApiException.of(
                503, "timeout", "The request took too long. Ask for less, or later.");
    }

    /** Returns the error of an adapter for which there is no room beside those in use. */
    public static ApiException noRoom(String model) {
        return ApiException.of(
                503,
                "no_room",
                "The adapters in use leave no room for " + model + ". Ask again later.");
    }

    /** Returns the error of a request that failed for a reason which the log has. */
    public static ApiException internal() {
        return ApiException.of(
                500, "internal_error", "The request failed. The server's log says more.");
    }
}
