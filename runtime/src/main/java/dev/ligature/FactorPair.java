package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.plan.PairPlan;

/**
 * The two factors of one weight: A of shape (r, in) and B of shape (out, r), with ΔW = s · B · A.
 *
 * <p>Every module that reads the weight reads these two parameters, so there is one gradient, one
 * optimizer step and one copy in memory. Formula: Hu et al., "LoRA: Low-Rank Adaptation of Large
 * Language Models", 2021, section 4.1.
 */
public final class FactorPair {
    private final PairPlan plan;
    private final Parameter loraA;
    private final Parameter loraB;
    private final FactorArrays detached;

    FactorPair(PairPlan plan, NDArray a, NDArray b, NDManager manager) {
        this.plan = plan;
        this.loraA = parameter(plan.name() + ".lora_A", a);
        this.loraB = parameter(plan.name() + ".lora_B", b);
        NDArray scaling =
                plan.dataType() == DataType.FLOAT64
                        ? manager.create(plan.scaling())
                        : manager.create((float) plan.scaling());
        this.detached = new FactorArrays(alias(a, manager), alias(b, manager), scaling);
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

    /**
     * Returns the factors for computing without a graph, in any thread. They share the storage of
     * the parameters, so an optimizer's step is seen.
     */
    FactorArrays detached() {
        return detached;
    }

    /** Returns the factors with a graph, as the trainer's store has them. */
    FactorArrays trained(ParameterStore store, Device device) {
        return new FactorArrays(
                store.getValue(loraA, device, true),
                store.getValue(loraB, device, true),
                detached.scaling());
    }

    /** Starts or stops training: a frozen pair has no gradient and no place in an optimizer. */
    void freeze(boolean frozen) {
        loraA.freeze(frozen);
        loraB.freeze(frozen);
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
