package dev.ligature.architecture;

import static dev.ligature.architecture.CodeRules.noAccess;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.training.optimizer.Optimizer;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;

/** Calls of DJL that give wrong numbers, end the process, or fail under load. */
final class DjlRules {
    private static final Set<String> ARITHMETIC =
            Set.of(
                    "add", "addi", "sub", "subi", "mul", "muli", "div", "divi", "mod", "modi",
                    "pow", "powi", "maximum", "minimum");
    private static final String CLIPPING = "optClipGrad";

    private DjlRules() {}

    /** Autograd keeps the address of the number's buffer, which Java frees: wrong gradients. */
    static ArchRule noNumberOverloads(String root) {
        return noAccess(
                "arithmetic of an NDArray and a Number",
                access ->
                        isArray(access.getTargetOwner())
                                && ARITHMETIC.contains(access.getTarget().getName())
                                && parameters(access).contains(Number.class.getName()),
                root + "..");
    }

    /** They give an array another storage: views of it go stale, and data types are not cast. */
    static ArchRule noStorageSwaps(String root) {
        return noAccess(
                "a call that swaps an NDArray's storage",
                access -> isArray(access.getTargetOwner()) && swapsStorage(access),
                root + "..");
    }

    /** What is computed before them gets no gradient; {@code dev.ligature.block.Cast} keeps it. */
    static ArchRule noCastsOutOfTheGraph(String root) {
        return noAccess(
                "a cast or copy outside of the autograd graph",
                access ->
                        isArray(access.getTargetOwner())
                                && access.getTarget().getName().matches("toType|duplicate"),
                root,
                root + ".block..");
    }

    /** It attaches its weight to a scope that ends: several threads fail. */
    static ArchRule noIdEmbedding(String root) {
        return noAccess(
                "a member of IdEmbedding or its builder",
                access -> access.getTargetOwner().getName().startsWith(IdEmbedding.class.getName()),
                root + "..");
    }

    /** On PyTorch it cuts from above only. Builders of ours override it, to refuse. */
    static ArchRule noClippingOfElements(String root) {
        return noAccess(
                CLIPPING,
                access ->
                        access.getTarget().getName().equals(CLIPPING)
                                && !access.getOrigin().getName().equals(CLIPPING)
                                && access.getTargetOwner()
                                        .isAssignableTo(Optimizer.OptimizerBuilder.class),
                root + "..");
    }

    /** Some builds of libtorch compute some of them wrongly. The check of them is the exception. */
    static ArchRule noConvolutionsOfTheEngine(String root) {
        return noAccess(
                "a convolution of the engine",
                access ->
                        access.getTarget().getName().matches("conv[123]d")
                                && access.getTargetOwner().isAssignableTo(Convolution.class)
                                && !access.getOriginOwner()
                                        .getName()
                                        .endsWith(".slot.ConvolutionCheck$Engine"),
                root + "..");
    }

    private static boolean swapsStorage(JavaAccess<?> access) {
        String name = access.getTarget().getName();
        List<String> parameters = parameters(access);
        boolean setsByIndex =
                parameters.contains(NDIndex.class.getName())
                        || parameters.contains(NDArray.class.getName());
        return name.equals("copyTo") || (name.equals("set") && !setsByIndex);
    }

    private static boolean isArray(JavaClass owner) {
        return owner.isAssignableTo(NDArray.class) || owner.isEquivalentTo(NDArrays.class);
    }

    private static List<String> parameters(JavaAccess<?> access) {
        return access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget called
                ? called.getRawParameterTypes().stream().map(JavaClass::getName).toList()
                : List.of();
    }
}
