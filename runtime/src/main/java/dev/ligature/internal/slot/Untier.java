package dev.ligature.internal.slot;

import ai.djl.nn.Block;
import dev.ligature.annotation.Role;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.block.TiedBlock;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.hint.Nearest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds tied modules of a model by name, and gives them weights of their own. */
public final class Untier implements ModuleVisitor {
    private final Map<String, Block> blocks = new LinkedHashMap<>();

    private Untier() {}

    @Override
    public Block module(String path, Role role, Block block) {
        blocks.put(path, block);
        return block;
    }

    /** Unties modules of a model, all or none. */
    public static <M extends Block> void untie(
            M model, ModelWalk<? super M> visit, List<String> modules) {
        Untier untier = new Untier();
        ModuleWalker.walk(model, visit, untier);
        List<TiedBlock> tied = modules.stream().map(untier::find).toList();
        tied.stream().distinct().forEach(TiedBlock::untie);
    }

    private TiedBlock find(String module) {
        List<String> fitting =
                blocks.keySet().stream()
                        .filter(name -> name.equals(module) || name.endsWith("." + module))
                        .toList();
        if (fitting.isEmpty()) {
            String hint = Nearest.hint(module, blocks.keySet());
            throw SlotMessage.UNTIE_UNKNOWN.error(module, hint);
        }
        if (fitting.size() > 1) {
            throw SlotMessage.UNTIE_AMBIGUOUS.error(module, fitting);
        }
        String name = fitting.get(0);
        Block block = blocks.get(name);
        if (block instanceof ForwardingBlock) {
            throw SlotMessage.UNTIE_WRAPPED.error(name);
        }
        if (!(block instanceof TiedBlock tied)) {
            String kind = block == null ? "" : block.getClass().getSimpleName();
            throw SlotMessage.UNTIE_NOT_TIED.error(name, kind);
        }
        if (tied.isUntied()) {
            throw SlotMessage.UNTIE_TWICE.error(name);
        }
        return tied;
    }
}
