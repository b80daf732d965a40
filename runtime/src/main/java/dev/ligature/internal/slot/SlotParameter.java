package dev.ligature.internal.slot;

import static dev.ligature.plan.ModelLayout.Parameter.WEIGHT;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.BlockParameters;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A parameter that the block of a slot reads, its own or its children's.
 *
 * @param name its name below the module's in files: {@code weight} or {@code bias}, in a composite
 *     with the child before it, by its number in a sequence ({@code 0.weight}) and by its name
 *     elsewhere; empty if there is none of its own
 */
public record SlotParameter(String name, Parameter parameter) {

    /** Returns all parameters that a block reads, in the block's order. */
    public static List<SlotParameter> of(Block block) {
        List<SlotParameter> found = new ArrayList<>();
        collect("", block, found);
        Set<String> names = new HashSet<>();
        found.replaceAll(p -> names.add(p.name()) ? p : new SlotParameter("", p.parameter()));
        return List.copyOf(found);
    }

    private static void collect(String prefix, Block block, List<SlotParameter> found) {
        BlockParameters.sharedWeightOf(block)
                .ifPresent(weight -> found.add(new SlotParameter(prefix + WEIGHT, weight)));
        for (Parameter parameter : block.getDirectParameters().values()) {
            String name = BlockParameters.fileName(block, parameter).map(prefix::concat).orElse("");
            found.add(new SlotParameter(name, parameter));
        }
        int own = found.size();
        int index = 0;
        for (Pair<String, Block> child : block.getChildren()) {
            // DJL numbers the names of children from 1: 01query.
            String name =
                    block instanceof SequentialBlock
                            ? Integer.toString(index++)
                            : child.getKey().replaceFirst("^\\d+", "");
            collect(prefix + name + ".", child.getValue(), found);
        }
        if (block instanceof AdaptableBlock adaptable) { // the weight may be that of a child
            found.subList(own, found.size()).removeIf(p -> p.parameter() == adaptable.weight());
        }
    }

    /** Returns whether it is a bias, by its type. */
    static boolean isBias(Parameter parameter) {
        return parameter.getType() == Parameter.Type.BIAS
                || parameter.getType() == Parameter.Type.BETA;
    }
}
