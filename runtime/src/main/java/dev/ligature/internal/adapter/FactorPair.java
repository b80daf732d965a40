package dev.ligature.internal.adapter;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.internal.peft.Factors;
import dev.ligature.plan.PairPlan;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The two factors of one weight: A of shape (r, in) and B of shape (out, r), with ΔW = s · B · A.
 *
 * <p>Every module that reads the weight reads these two parameters, so there is one gradient, one
 * optimizer step and one copy in memory. Formula: Hu et al., "LoRA: Low-Rank Adaptation of Large
 * Language Models", 2021, section 4.1.
 *
 * <p>A pair that starts from its weight ({@link PairPlan#startsFromWeight}) keeps the factors that
 * it started with, A₀ and B₀, and ΔW = s · (B · A − B₀ · A₀): the base, which others read too, is
 * not written to.
 */
public final class FactorPair {
    private final PairPlan plan;
    private final NDManager manager;
    private final AdapterArray a;
    private final AdapterArray b;
    private final @Nullable AdapterArray bias;
    private final @Nullable AdapterArray magnitude;
    private final NDArray scaling;
    private final @Nullable FactorArrays start;
    private final AtomicInteger changes = new AtomicInteger();

    public FactorPair(PairPlan plan, NDArray a, NDArray b, ScalarPool scalars) {
        this(plan, new Factors(a, b), null, scalars);
    }

    /**
     * Creates a pair.
     *
     * @param values what the parameters start with; they belong to the manager
     * @param start the factors that ΔW counts from, if it does; they belong to the manager
     */
    public FactorPair(PairPlan plan, Factors values, @Nullable Factors start, ScalarPool scalars) {
        if (plan.startsFromWeight() != (start != null)
                || plan.dora() != (values.magnitude() != null)
                || plan.loraBias() != (values.bias() != null)) {
            throw new IllegalArgumentException("The arrays are not those of " + plan);
        }
        this.plan = plan;
        this.manager = scalars.manager();
        this.a = array("lora_A", values.a());
        this.b = array("lora_B", values.b());
        this.bias = optional("lora_B.bias", values.bias());
        this.magnitude = optional("lora_magnitude_vector", values.magnitude());
        this.scaling = scalars.of(plan.scaling(), plan.dataType());
        this.start =
                start == null
                        ? null
                        : new FactorArrays(
                                start.a(), start.b(), scalars.of(-plan.scaling(), plan.dataType()));
    }

    private AdapterArray array(String name, NDArray values) {
        String full = plan.name() + "." + name;
        return new AdapterArray(full, Parameter.Type.WEIGHT, values, manager);
    }

    private @Nullable AdapterArray optional(String name, @Nullable NDArray values) {
        return values == null ? null : array(name, values);
    }

    /** Returns the same with arrays of its own. */
    FactorPair copy(ScalarPool scalars) {
        NDManager owner = scalars.manager();
        return new FactorPair(
                plan,
                new Factors(
                        a.copy(owner),
                        b.copy(owner),
                        bias == null ? null : bias.copy(owner),
                        magnitude == null ? null : magnitude.copy(owner)),
                start == null
                        ? null
                        : new Factors(
                                AdapterArray.copy(start.a(), plan.dataType(), owner),
                                AdapterArray.copy(start.b(), plan.dataType(), owner)),
                scalars);
    }

    /** Returns what was planned: readers, rank, scaling, dropout. */
    public PairPlan plan() {
        return plan;
    }

    /** Returns the factor A, (r, in). */
    public Parameter loraA() {
        return a.parameter();
    }

    /** Returns the factor B, (out, r). */
    public Parameter loraB() {
        return b.parameter();
    }

    /** Returns the bias of B, (out), if the pair has one; PEFT's {@code lora_bias}. */
    public Optional<Parameter> bias() {
        return Optional.ofNullable(bias).map(AdapterArray::parameter);
    }

    /** Returns the lengths that DoRA trains, (out) or for an embedding (in), if there are any. */
    public Optional<Parameter> magnitude() {
        return Optional.ofNullable(magnitude).map(AdapterArray::parameter);
    }

    /** Returns all parameters: A, B, and bias and lengths where the pair has them. */
    public List<Parameter> parameters() {
        return Stream.of(a, b, bias, magnitude)
                .filter(Objects::nonNull)
                .map(AdapterArray::parameter)
                .toList();
    }

    /**
     * Returns the factors as they are now, for computing without a graph in any thread.
     *
     * @param owner the manager of what is not the pair's own
     */
    public FactorArrays detached(NDManager owner) {
        return of(Values.SERVED, Device.cpu(), owner);
    }

    /**
     * Returns the factors of a pass, at the scaling of its routing.
     *
     * @param owner the manager of what is not the pair's own
     */
    public FactorArrays arrays(Values values, Device device, NDManager owner) {
        if (values.isTrained()) {
            changes.incrementAndGet(); // a step will follow
        }
        return of(values, device, owner).scaledBy(values.factor(), owner);
    }

    private FactorArrays of(Values values, Device device, NDManager owner) {
        return new FactorArrays(
                values.of(a, device, owner),
                values.of(b, device, owner),
                scaling,
                bias == null ? null : values.of(bias, device, owner),
                magnitude == null ? null : values.of(magnitude, device, owner),
                start);
    }

    /** Frees what was made of the pair's arrays for one use, which has ended. */
    public void release(FactorArrays used) {
        a.release(used.a());
        b.release(used.b());
        if (bias != null && used.bias() != null) {
            bias.release(used.bias());
        }
    }

    /** Starts or stops training: a frozen pair has no gradient and no place in an optimizer. */
    void freeze(boolean frozen) {
        changes.incrementAndGet();
        parameters().forEach(parameter -> parameter.freeze(frozen));
    }

    /** Returns whether no parameter can change, so that what follows from them may be kept. */
    public boolean isFrozen() {
        return parameters().stream().noneMatch(Parameter::requiresGradient);
    }

    /** Returns a number that is another one after the parameters may have changed. */
    public int changes() {
        return changes.get();
    }

    /** Returns the owner of the arrays. */
    public NDManager manager() {
        return manager;
    }
}
