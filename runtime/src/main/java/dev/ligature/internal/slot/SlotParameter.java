package dev.ligature.internal.slot;

import static dev.ligature.plan.ModelLayout.Parameter.WEIGHT;

import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
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
 *     elsewhere; the second weight of one block has the name that the block gives it ({@code
 *     l0_h2h_weight}); empty for running statistics
 */
public record SlotParameter(String name, Parameter parameter) {

    /** Returns all parameters that a block reads, in the block's order. */
    public static List<SlotParameter> of(Block block) {
        List<SlotParameter> found = new ArrayList<>();
        collect("", block, found, new HashSet<>());
        return List.copyOf(found);
    }

    private static void collect(
            String prefix, Block block, List<SlotParameter> found, Set<String> names) {
        BlockParameters.sharedWeightOf(block)
                .ifPresent(
                        weight -> {
                            names.add(prefix + WEIGHT);
                            found.add(new SlotParameter(prefix + WEIGHT, weight));
                        });
        for (Pair<String, Parameter> named : block.getDirectParameters()) {
            Parameter parameter = named.getValue();
            String name =
                    BlockParameters.fileName(block, parameter)
                            .map(prefix::concat)
                            .filter(names::add)
                            .orElseGet(() -> ownName(prefix, named, names));
            found.add(new SlotParameter(name, parameter));
        }
        int own = found.size();
        int index = 0;
        Set<String> siblings = new HashSet<>();
        for (Pair<String, Block> child : block.getChildren()) {
            // DJL numbers the names of children from 1: 01query.
            String name =
                    block instanceof SequentialBlock || block instanceof ParallelBlock
                            ? Integer.toString(index++)
                            : child.getKey().replaceFirst("^\\d+", "");
            String only = siblings.add(name) ? name : child.getKey();
            collect(prefix + only + ".", child.getValue(), found, names);
        }
        if (block instanceof AdaptableBlock adaptable) { // the weight may be that of a child
            found.subList(own, found.size()).removeIf(p -> p.parameter() == adaptable.weight());
        }
    }

    /** Returns what a block calls a parameter that has no name in files. */
    private static String ownName(String prefix, Pair<String, Parameter> named, Set<String> names) {
        Parameter.Type type = named.getValue().getType();
        String name = prefix + named.getKey();
        boolean running = type == Parameter.Type.RUNNING_MEAN || type == Parameter.Type.RUNNING_VAR;
        return !running && names.add(name) ? name : "";
    }

    /** Returns whether it is a bias, by its type. */
    static boolean isBias(Parameter parameter) {
        return parameter.getType() == Parameter.Type.BIAS
                || parameter.getType() == Parameter.Type.BETA;
    }
}
