package dev.ligature.internal.slot;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import dev.ligature.annotation.Role;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.block.TiedBlock;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.plan.ModelLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collects the slots of a model without changing it, and checks that what is declared as tied is
 * one weight and that nothing else is.
 */
final class SlotCollector implements ModuleVisitor {
    private final List<Slot> slots = new ArrayList<>();
    private final Map<String, Slot> byName = new LinkedHashMap<>();
    private final IdentityHashMap<Block, Slot> byBlock = new IdentityHashMap<>();
    private final IdentityHashMap<Slot, Slot> tiedTo = new IdentityHashMap<>();

    @Override
    public Block module(String path, Role role, Block block) {
        if (block instanceof ForwardingBlock) {
            throw SlotMessage.ALREADY_WRAPPED.error(path);
        }
        Slot slot = byBlock.get(block);
        if (slot == null) {
            checkNulls(path, block);
            slot = new Slot(slots.size(), path, role, block);
            slots.add(slot);
            byBlock.put(block, slot);
        } else {
            slot.addName(path);
        }
        byName.put(path, slot);
        return block;
    }

    @Override
    public void tie(String reader, String source) {
        Slot tied = named(reader);
        Slot owner = named(source);
        if (tied == owner || (tied.base() instanceof TiedBlock block && block.isUntied())) {
            return;
        }
        if (tied.weight() == null || tied.weight() != owner.weight()) {
            throw SlotMessage.TIE_BROKEN.error(
                    reader,
                    source,
                    tied.base().getClass().getSimpleName(),
                    owner.base().getClass().getSimpleName());
        }
        tiedTo.put(root(tied), root(owner));
    }

    /** Returns the checked slots. */
    Slots read(ParameterList all) {
        checkRoles();
        slots.forEach(SlotCollector::checkInitialized);
        slots.forEach(SlotCollector::checkKind);
        IdentityHashMap<Parameter, Slot> owners = new IdentityHashMap<>();
        for (Slot slot : slots) {
            Parameter weight = slot.weight();
            if (weight != null && (!owners.containsKey(weight) || slot.ownsWeight())) {
                owners.put(weight, slot);
            }
        }
        IdentityHashMap<Parameter, String> ids = ids();
        List<ModelLayout.Module> modules = new ArrayList<>();
        for (Slot slot : slots) {
            Slot owner = slot.weight() == null ? null : owners.get(slot.weight());
            checkDeclared(slot, owner);
            modules.add(slot.describe(owner == null ? "" : owner.name(), ids));
        }
        List<String> otherBiases = new ArrayList<>();
        for (Pair<String, Parameter> named : all) {
            if (SlotParameter.isBias(named.getValue()) && !ids.containsKey(named.getValue())) {
                otherBiases.add(named.getKey());
            }
        }
        return new Slots(slots, byName, new ModelLayout(modules, otherBiases), any(all));
    }

    private static @Nullable Parameter any(ParameterList all) {
        return all.isEmpty() ? null : all.valueAt(0);
    }

    /** Names each parameter by the module that owns it, or else by the first that reads it. */
    private IdentityHashMap<Parameter, String> ids() {
        IdentityHashMap<Parameter, String> ids = new IdentityHashMap<>();
        for (Slot slot : slots) {
            for (SlotParameter read : slot.parameters()) {
                boolean owned =
                        slot.base().getDirectParameters().values().contains(read.parameter());
                if (!read.name().isEmpty() && (owned || !ids.containsKey(read.parameter()))) {
                    ids.put(read.parameter(), slot.name() + "." + read.name());
                }
            }
        }
        return ids;
    }

    @SuppressWarnings("ConstantValue") // users' blocks need not be checked for nulls
    private static void checkNulls(String path, Block block) {
        if (!(block instanceof AdaptableBlock adaptable)) {
            return;
        }
        String type = block.getClass().getSimpleName();
        if (adaptable.weight() == null) {
            String remedy = "the parameter that the block multiplies with or looks up in";
            throw SlotMessage.BLOCK_NULL.error(path, type, "weight()", remedy);
        }
        if (adaptable.moduleKind() == null) {
            String remedy = "LINEAR, EMBEDDING or OTHER";
            throw SlotMessage.BLOCK_NULL.error(path, type, "moduleKind()", remedy);
        }
    }

    private static void checkInitialized(Slot slot) {
        if (slot.weight() != null && !slot.weight().isInitialized()) {
            throw SlotMessage.WEIGHT_NOT_INITIALIZED.error(
                    slot.name(), slot.base().getClass().getSimpleName());
        }
    }

    /** Rejects a block of a user's whose kind adapters cannot add to. */
    private static void checkKind(Slot slot) {
        Parameter weight = slot.weight();
        if (!(slot.base() instanceof AdaptableBlock) || weight == null) {
            return;
        }
        String type = slot.base().getClass().getSimpleName();
        switch (slot.kind()) {
            case CONVOLUTION, PARAMETER ->
                    throw SlotMessage.BLOCK_KIND.error(slot.name(), type, slot.kind());
            case LINEAR, EMBEDDING -> {
                Shape shape = weight.getArray().getShape();
                if (shape.dimension() != 2) {
                    throw SlotMessage.BLOCK_WEIGHT.error(slot.name(), type, slot.kind(), shape);
                }
            }
            case OTHER -> {}
        }
    }

    private void checkDeclared(Slot slot, @Nullable Slot owner) {
        if (owner != null && root(slot) != root(owner)) {
            throw SlotMessage.TIE_UNDECLARED.error(owner.name(), slot.name());
        }
    }

    private void checkRoles() {
        for (Role role : List.of(Role.INPUT_EMBEDDING, Role.OUTPUT_HEAD)) {
            List<String> names =
                    slots.stream().filter(slot -> slot.role() == role).map(Slot::name).toList();
            if (names.size() > 1) {
                throw SlotMessage.ROLE_TWICE.error(String.join(" and ", names), role);
            }
        }
    }

    private Slot named(String name) {
        Slot slot = byName.get(name);
        if (slot == null) {
            throw new IllegalStateException("No module " + name);
        }
        return slot;
    }

    private Slot root(Slot slot) {
        Slot at = slot;
        for (Slot up = tiedTo.get(at); up != null && up != at; up = tiedTo.get(at)) {
            at = up;
        }
        return at;
    }
}
