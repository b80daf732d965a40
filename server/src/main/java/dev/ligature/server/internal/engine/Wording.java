package dev.ligature.server.internal.engine;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an answer says besides the text that is made.
 *
 * @param echo the text of the prompt where the answer begins with it
 * @param spelling gives the text of a token
 */
public record Wording(@Nullable String echo, LongFunction<String> spelling) {}
