package dev.ligature.server.internal.answer;

/** Why a completion ended. */
public enum Finish {
    /** The model, or a stop text, ended it. */
    STOP,
    /** It has the most tokens that it may have. */
    LENGTH,
    /** It is one or more calls of functions. */
    TOOL_CALLS
}
