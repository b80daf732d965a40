package dev.ligature.internal.adapter;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.peft.AdapterDirectory.Factors;
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
    private final Parameter loraA;
    private final Parameter loraB;
    private final @Nullable Parameter bias;
    private final @Nullable Parameter magnitude;
    private final FactorArrays detached;
    private final AtomicInteger changes = new AtomicInteger();

    /** Creates a plain pair. */
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
        this.loraA = parameter(plan.name() + ".lora_A", values.a());
        this.loraB = parameter(plan.name() + ".lora_B", values.b());
        this.bias = optional(plan.name() + ".lora_B.bias", values.bias());
        this.magnitude = optional(plan.name() + ".lora_magnitude_vector", values.magnitude());
        this.detached =
                new FactorArrays(
                        alias(values.a(), manager),
                        alias(values.b(), manager),
                        scalars.of(plan.scaling(), plan.dataType()),
                        values.bias() == null ? null : alias(values.bias(), manager),
                        values.magnitude() == null ? null : alias(values.magnitude(), manager),
                        start == null
                                ? null
                                : new FactorArrays(
                                        start.a(),
                                        start.b(),
                                        scalars.of(-plan.scaling(), plan.dataType())));
    }

    /** Returns what was planned: readers, rank, scaling, dropout. */
    public PairPlan plan() {
        return plan;
    }

    /** Returns the factor A, (r, in). */
    public Parameter loraA() {
        return loraA;
    }

    /** Returns the factor B, (out, r). */
    public Parameter loraB() {
        return loraB;
    }

    /** Returns the bias of B, (out), if the pair has one; PEFT's {@code lora_bias}. */
    public Optional<Parameter> bias() {
        return Optional.ofNullable(bias);
    }

    /** Returns the lengths that DoRA trains, (out) or for an embedding (in), if there are any. */
    public Optional<Parameter> magnitude() {
        return Optional.ofNullable(magnitude);
    }

    /** Returns all parameters: A, B, and bias and lengths where the pair has them. */
    public List<Parameter> parameters() {
        return Stream.of(loraA, loraB, bias, magnitude).filter(Objects::nonNull).toList();
    }

    /**
     * Returns the factors for computing without a graph, in any thread. They share the storage of
     * the parameters, so an optimizer's step is seen.
     */
    public FactorArrays detached() {
        return detached;
    }

    /** Returns the factors with a graph, as the trainer's store has them. */
    public FactorArrays trained(ParameterStore store, Device device) {
        changes.incrementAndGet(); // a step will follow
        return new FactorArrays(
                store.getValue(loraA, device, true),
                store.getValue(loraB, device, true),
                detached.scaling(),
                bias == null ? null : store.getValue(bias, device, true),
                magnitude == null ? null : store.getValue(magnitude, device, true),
                detached.start());
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

    private static @Nullable Parameter optional(String name, @Nullable NDArray array) {
        return array == null ? null : parameter(name, array);
    }

    private static Parameter parameter(String name, NDArray array) {
        Parameter parameter =
                Parameter.builder()
                        .setName(name)
                        .setType(Parameter.Type.WEIGHT)
                        .optShape(array.getShape())
                        .optInitializer((manager, shape, type) -> array)
                        .build();
        parameter.freeze(true);
        parameter.initialize(array.getManager(), array.getDataType());
        return parameter;
    }

    private static NDArray alias(NDArray array, NDManager manager) {
        NDArray alias = array.stopGradient();
        alias.attach(manager);
        return alias;
    }

    @Override
    public String toString() {
        Shape a = loraA.getShape();
        return "FactorPair(" + plan.name() + ", A " + a + ", B " + loraB.getShape() + ")";
    }
}
