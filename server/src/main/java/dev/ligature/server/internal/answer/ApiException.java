package dev.ligature.server.internal.answer;

import org.jspecify.annotations.Nullable;

/** Says that a request cannot be served, as the API's clients expect it. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int SECONDS_TO_WAIT = 1;

    private final int status;
    private final String code;
    private final @Nullable String param;
    private final int retryAfter;

    private ApiException(int status, String code, @Nullable String param, String message) {
        this(status, code, param, 0, message);
    }

    private ApiException(
            int status, String code, @Nullable String param, int retryAfter, String message) {
        super(message);
        this.retryAfter = retryAfter;
        this.status = status;
        this.code = code;
        this.param = param;
    }

    /**
     * Returns an error.
     *
     * @param status the HTTP status
     * @param code what programs tell errors by
     * @param message what is wrong and what to do
     */
    public static ApiException of(int status, String code, String message) {
        return new ApiException(status, code, null, message);
    }

    /**
     * Returns the error of a field of the request.
     *
     * @param param the field
     * @param message what is wrong with it and what to do
     */
    public static ApiException field(String param, String message) {
        return new ApiException(400, "invalid_value", param, message);
    }

    /** Returns this error as one of a field with a status of its own. */
    public static ApiException field(int status, String code, String param, String message) {
        return new ApiException(status, code, param, message);
    }

    /**
     * Returns the error of a key that has used up what it may.
     *
     * @param retryAfter after how many seconds it makes sense to ask again
     */
    public static ApiException limited(int retryAfter, String message) {
        return new ApiException(429, "rate_limit_exceeded", null, retryAfter, message);
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    @Nullable String param() {
        return param;
    }

    /** Returns the kind of error in OpenAI's words: whose fault it is. */
    public String type() {
        return status == 429
                ? "rate_limit_error"
                : status < 500 ? "invalid_request_error" : "server_error";
    }

    /** Returns after how many seconds it makes sense to ask again; 0 if never. */
    public int retryAfter() {
        return retryAfter > 0 ? retryAfter : status == 429 || status == 503 ? SECONDS_TO_WAIT : 0;
    }

    public String message() {
        return String.valueOf(getMessage());
    }
}
