package dev.ligature.internal.resolve;

import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.PythonRegex;
import dev.ligature.internal.names.SavedNames;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModuleKind;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Says which modules a configuration targets, by PEFT's rules (its {@code
 * check_target_module_exists}): exclusions come first, then modules that are saved as a whole; a
 * full name wins over the layers; an expression knows no layers.
 */
final class TargetMatcher {

    /** What a configuration decides about a module. */
    enum Outcome {
        /** No entry fits. */
        NO_MATCH,
        /** It fits, but its layer is not one of {@code layers_to_transform}. */
        OTHER_LAYER,
        /** It is excluded, whether it fits or not. */
        EXCLUDED,
        /** It would be adapted, but the adapter has a whole copy of it. */
        SAVED,
        /** It is adapted. */
        TARGETED
    }

    private final ModuleSelection targets;
    private final NameMatch targetMatch;
    private final Optional<NameMatch> exclusion;
    private final LayerIndex layerIndex;
    private final Set<Long> layers;
    private final SavedNames saved;

    TargetMatcher(LoraConfig config) {
        targets = config.targetModules();
        targetMatch = match(targets);
        exclusion = config.excludeModules().map(TargetMatcher::match);
        layerIndex = new LayerIndex(config.layersPattern());
        saved = new SavedNames(config.modulesToSave());
        layers = Set.copyOf(config.layersToTransform().stream().map(Integer::longValue).toList());
    }

    /** Returns which names a selection matches. */
    static NameMatch match(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            return new NameMatch.ByName(names.names());
        }
        return selection instanceof ModuleSelection.Regex regex
                ? PythonRegex.compile(regex.expression())::fullMatch
                : NameMatch.NOTHING;
    }

    /** Returns the outcome for a module; any of its names may target or exclude it. */
    Outcome outcome(Module module) {
        if (excludes(module)) {
            return Outcome.EXCLUDED;
        }
        Outcome outcome = Collections.max(module.names().stream().map(this::outcome).toList());
        if (targets instanceof ModuleSelection.AllLinear
                && module.kind() == ModuleKind.LINEAR
                && module.role() != Role.OUTPUT_HEAD) {
            outcome = Outcome.TARGETED;
        }
        return outcome == Outcome.TARGETED && saved.fit(module.names()) ? Outcome.SAVED : outcome;
    }

    /** Returns the outcome for a module with this name only. */
    Outcome outcome(String name) {
        if (exclusion.filter(match -> match.fits(name)).isPresent()) {
            return Outcome.EXCLUDED;
        }
        if (!targetMatch.fits(name)) {
            return Outcome.NO_MATCH;
        }
        if (!targetMatch.bypassesLayers(name) && !inLayers(name)) {
            return Outcome.OTHER_LAYER;
        }
        return saved.fit(List.of(name)) ? Outcome.SAVED : Outcome.TARGETED;
    }

    boolean excludes(Module module) {
        return exclusion.filter(match -> module.names().stream().anyMatch(match::fits)).isPresent();
    }

    /** Returns the index of the layer that a module of this name is in, if it is in one. */
    OptionalLong layer(String name) {
        return layerIndex.of(name);
    }

    private boolean inLayers(String name) {
        OptionalLong layer = layer(name);
        return layers.isEmpty() || (layer.isPresent() && layers.contains(layer.getAsLong()));
    }
}
