package dev.ligature.internal.slot;

import ai.djl.nn.Block;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.block.TiedBlock;
import dev.ligature.inject.ModuleSink;
import dev.ligature.internal.names.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds tied modules of a model by name, and gives them weights of their own. */
public final class Untier implements ModuleSink {
    private final Map<String, Block> blocks = new LinkedHashMap<>();

    @Override
    public Block module(String path, Role role, Block block) {
        blocks.put(path, block);
        return block;
    }

    /** Unties the modules, all or none. */
    public void untie(List<String> modules) {
        List<TiedBlock> tied = new ArrayList<>();
        for (String module : modules) {
            tied.add(find(module));
        }
        tied.stream().distinct().forEach(TiedBlock::untie);
    }

    private TiedBlock find(String module) {
        List<String> fitting =
                blocks.keySet().stream()
                        .filter(name -> name.equals(module) || name.endsWith("." + module))
                        .toList();
        if (fitting.size() != 1) {
            throw new LoraException(
                    "LoraUntie",
                    (fitting.isEmpty()
                                    ? "No module of the model is named "
                                            + module
                                            + "."
                                            + Nearest.hint(module, blocks.keySet())
                                    : "Several modules are named " + module + ": " + fitting + ".")
                            + " Name the tied module, such as the output head, in full.");
        }
        String name = fitting.get(0);
        Block block = blocks.get(name);
        if (block instanceof ForwardingBlock) {
            throw new LoraException(
                    "LoraUntie",
                    "Module "
                            + name
                            + " is wrapped already. Untie the base before it is wrapped, so that no"
                            + " adapter is tied by then.");
        }
        if (block instanceof TiedBlock tied && !tied.isUntied()) {
            return tied;
        }
        throw new LoraException(
                "LoraUntie",
                "Module "
                        + name
                        + (block instanceof TiedBlock
                                ? " is untied already."
                                : " is a "
                                        + (block == null ? "" : block.getClass().getSimpleName())
                                        + ", which shares no weight of another block.")
                        + " Name a TiedLinear or TiedEmbedding that is tied, such as the output head.");
    }
}
