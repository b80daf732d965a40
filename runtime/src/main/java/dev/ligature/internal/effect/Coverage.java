package dev.ligature.internal.effect;

import dev.ligature.LoraException;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.internal.slot.SlotTrace;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which parts of one adapter the passes of its model have reached: an adapter part that the model
 * never computes with has no effect, and that is reported.
 *
 * <p>A part (a pair, token rows, a copy of a parameter) is reached when one of its readers is: the
 * model called the block or asked for its weight, in any pass so far, with this adapter, with
 * another or with none; and if the part stands in for a parameter of the block, the block asked for
 * that parameter. Many models leave out some modules in some passes: the decoder while they encode,
 * experts that no token is sent to, layers that are dropped or follow an early exit. So a module
 * that was left out is an error at once only if the pass evidently should have reached it: it
 * called the block, which never asked for the parameter, or it ran the part of the model that
 * declares the module in full and left out this one module ({@link SlotTrace#passesBy}). A pass
 * that leaves out whole parts is correct. What is still not reached after {@value #PASSES} passes
 * of the adapter is logged once, and then no longer looked for. When all is reached, passes do no
 * work for this. A single module that only some passes call, such as a second head next to the
 * first, is known from the first pass that calls it, which may be one of the base alone.
 *
 * <p>An adapter that is served and not trained was trained in passes that may have called more: a
 * head that only training computes. A module that its passes go by is logged at once.
 */
public final class Coverage {
    /** The passes of an adapter after which it is reported what none of them reached. */
    static final int PASSES = 100;

    private static final int LISTED = 10;
    private static final Logger LOG = LoggerFactory.getLogger(Coverage.class);

    private final AdapterState adapter;
    private final Slots slots;
    private final @Nullable SlotEffect[] effects;
    private final AtomicInteger passes = new AtomicInteger();
    private final AtomicBoolean logged = new AtomicBoolean();
    private volatile boolean settled;

    /**
     * Creates the record of an adapter that no pass has reached yet.
     *
     * @param effects what the adapter does at each slot; null where it does nothing
     */
    Coverage(AdapterState adapter, Slots slots, @Nullable SlotEffect[] effects) {
        this.adapter = adapter;
        this.slots = slots;
        this.effects = effects;
    }

    /** Returns the readers of each part; not kept, since all but a few adapters settle at once. */
    private Collection<List<Reader>> parts() {
        Map<WeightEffect, List<Reader>> readers = new LinkedHashMap<>();
        for (Slot slot : slots.all()) {
            SlotEffect effect = effects[slot.index()];
            if (effect == null) {
                continue;
            }
            for (SlotParameter read : slot.parameters()) {
                WeightEffect part = effect.effectOn(read.parameter());
                if (part != null) {
                    boolean replaced = effect.replacedParameters().contains(read.parameter());
                    readers.computeIfAbsent(part, p -> new ArrayList<>())
                            .add(new Reader(slot, read, replaced));
                }
            }
        }
        return readers.values();
    }

    /**
     * A place where a part acts.
     *
     * @param replaced whether the block is given the part in place of the parameter, and has to ask
     */
    private record Reader(Slot slot, SlotParameter read, boolean replaced) {
        boolean isReached() {
            return replaced ? slot.isAsked(read.parameter()) : slot.isReached();
        }

        /** Returns whether a pass should have reached this, but did not. */
        boolean isMissedBy(SlotTrace trace) {
            return trace.has(slot) || (!slot.isReached() && trace.passesBy(slot));
        }

        String parameterName() {
            return slot.name() + "." + read.name();
        }
    }

    /** Returns whether passes need not be observed any more. */
    public boolean isSettled() {
        return settled;
    }

    /**
     * Looks at a pass that has ended.
     *
     * @param training whether it was one of a training
     * @throws LoraException if the pass should have reached a part that no pass has reached
     */
    public void check(SlotTrace trace, boolean training) {
        if (settled) {
            return;
        }
        Set<String> blocks = new LinkedHashSet<>();
        Set<String> parameters = new LinkedHashSet<>();
        Set<String> leftOut = new LinkedHashSet<>();
        boolean served = !training && !adapter.isTrainable();
        boolean goneBy = false;
        for (List<Reader> part : parts()) {
            if (part.stream().anyMatch(Reader::isReached)) {
                continue;
            }
            boolean missed = part.stream().allMatch(reader -> reader.isMissedBy(trace));
            for (Reader reader : part) {
                if (missed && trace.has(reader.slot())) {
                    parameters.add(reader.parameterName());
                } else if (!missed || served) {
                    leftOut.add(reader.slot().name());
                    goneBy |= missed;
                } else {
                    blocks.add(reader.slot().name());
                }
            }
        }
        if (!blocks.isEmpty()) {
            throw neverReached(EffectMessage.BLOCK_NEVER_REACHED, blocks);
        }
        if (!parameters.isEmpty()) {
            throw neverReached(EffectMessage.PARAMETER_NEVER_REACHED, parameters);
        }
        if (leftOut.isEmpty()) {
            settled = true;
            return;
        }
        int count = passes.incrementAndGet();
        settled = goneBy || count >= PASSES;
        if (count == PASSES || (goneBy && !logged.getAndSet(true))) {
            String text = EffectMessage.UNREACHED.text(adapter.name(), listed(leftOut), count);
            LOG.warn("[{}] {}", EffectMessage.UNREACHED.code(), text);
        }
    }

    private LoraException neverReached(EffectMessage message, Set<String> missed) {
        return message.error(adapter.name(), String.join(", ", missed));
    }

    private static String listed(Set<String> names) {
        String listed = names.stream().limit(LISTED).collect(Collectors.joining(", "));
        int more = names.size() - LISTED;
        return more > 0 ? listed + " and " + more + " more" : listed;
    }
}
