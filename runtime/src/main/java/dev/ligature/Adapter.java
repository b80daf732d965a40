package dev.ligature;

import ai.djl.nn.ParameterList;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.plan.LoraPlan;

/**
 * A named adapter of a {@link LoraModel}: one factor pair per adapted weight, and copies of what it
 * replaces. It is made by {@link LoraModel#create} and {@link LoraModel#load}, and ends with {@link
 * LoraModel#remove}: the last model that removes it frees its arrays, once the requests that use
 * them have ended. Implemented by the runtime alone.
 */
public interface Adapter {
    /** Returns the adapter's name. */
    String name();

    /**
     * Returns the adapter's number: positive, and unique while the process lives. A batch names
     * adapters by it in an array; 0 there means none.
     */
    long handle();

    /** Returns the configuration it was made with. */
    LoraConfig config();

    /** Returns the plan that the configuration resolved to. */
    LoraPlan plan();

    /**
     * Returns the parameters: {@code <module>.lora_A} of shape (r, in), {@code <module>.lora_B} of
     * shape (out, r), and where there are any {@code <module>.lora_B.bias} of shape (out) and
     * {@code <module>.lora_magnitude_vector} of shape (out), for an embedding (in); copies by the
     * full names of what they replace; {@code <module>.trainable_tokens} of shape (n, d). What is
     * tied is there once, under its first reader.
     *
     * <p>What is written into the arrays of a trainable adapter, in place or by {@code
     * NDArray.set}, is seen by the next pass, merge and save. Of a frozen adapter, batches of mixed
     * adapters and DoRA use what was computed of its arrays before; {@code setTrainable(false)}
     * drops that. No pass may use an array while it is written.
     *
     * @throws LoraStateException {@code LoraAdapterRemoved} if the adapter was removed
     */
    ParameterList parameters();

    /** Returns whether a routed block shows this adapter's parameters to a trainer. */
    boolean isTrainable();

    /**
     * Freezes the adapter or makes it trainable. A trainer collects the parameters when it is
     * created.
     *
     * @param trainable whether routed blocks show the adapter's parameters to trainers
     * @throws LoraStateException {@code LoraAdapterRemoved} if the adapter was removed
     */
    void setTrainable(boolean trainable);

    /**
     * Returns whether a text can be an adapter's name: up to 128 letters, digits, dots, underscores
     * and hyphens, with a letter or a digit first.
     */
    static boolean isValidName(String name) {
        return AdapterName.isValid(name);
    }
}
