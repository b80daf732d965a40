package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import dev.ligature.plan.ModelLayout;
import java.util.function.BiFunction;

/**
 * The base that an adapter is read for.
 *
 * @param layout its modules
 * @param arrays returns the array of a module's parameter, by the names of both; it stays the
 *     base's
 */
public record BaseWeights(ModelLayout layout, BiFunction<String, String, NDArray> arrays) {}
