package dev.ligature.internal.adapter;

import dev.ligature.internal.diag.Message;

/** What is reported of the adapters of a model: their names, routings, merges and combinations. */
public enum AdapterMessage implements Message {
    BIAS_MERGE(
            "LoraBiasMerge",
            "Adapter %1$s has a bias at %2$s, but no parameter of the block is known to be its bias,"
                    + " so there is none to merge it into."
                    + " Serve the adapter by its routed block, or train it without lora_bias."),
    MERGE_NOT_FINITE(
            "LoraMergeNotFinite",
            "Merging adapter %1$s into %2$s gives values that are not finite. The adapter"
                    + " or the base is broken there; look at what the adapter has for it."),
    MERGED_IS_FIXED(
            "LoraMergedIsFixed",
            "The merged model of adapter %1$s cannot be %2$s. Train the routed block"
                    + " of the adapter and merge again."),
    MERGED_SAVE(
            "LoraMergedSave",
            "The base does not save its parameters in the order of its list, so the merged"
                    + " %1$s has no place in the file. Write the adapter into the base with"
                    + " mergeAndUnwrap and save that, or use MergedModel.export."),
    ROUTED_SAVE(
            "LoraRoutedSave",
            "The block that is routed through %1$s has the base's weights, and a file of"
                    + " them has nothing of an adapter. Save the adapter with LoraModel.save, also"
                    + " during a training, or the merged model with Model.setBlock(merged)."),
    MERGED_CLOSED(
            "LoraMergedClosed",
            "The merged model of adapter %1$s is closed. Merge the adapter again, or use"
                    + " its routed block."),
    SHARED(
            "LoraAdapterShared",
            "Adapter %1$s is shared with another model, where it would be called %2$s"
                    + " too. Remove it there first, or load it here once more under the new name."),
    SHARE_MISMATCH(
            "LoraShareMismatch",
            "Adapter %1$s is of a model with other modules, shapes, ties or data"
                    + " types%2$s. Load it here from its directory."),
    EXISTS(
            "LoraAdapterExists",
            "There is an adapter %1$s already. Remove it first, or use another name."),
    ROUTING_INPUT(
            "LoraRoutingInput",
            "The last of %1$s inputs is %2$s, but a block that is routed by its input"
                    + " takes the rows' adapters there. Append an int64 array named %3$s to the"
                    + " model's inputs (Adapter.handle(), 0 for the base)."),
    ROUTING_INPUT_TYPE(
            "LoraRoutingInputType",
            "The input %1$s is %2$s of shape %3$s. Give one int64 for each row, of shape"
                    + " (B) or (B, 1)."),
    MERGES_OPEN(
            "LoraMergesOpen",
            "Merged models of this base are open, %1$s of them, and would compute with"
                    + " what is written to the base. Close them first."),
    MERGE_PACKED(
            "LoraPackedBase",
            "The weight of module %1$s is held as %2$s, so that nothing can be merged into it"
                    + " exactly. Load the base without a precision for its weights."),
    MERGE_ROWS(
            "LoraMergeRows",
            "The routing names an adapter for each row, and one weight cannot hold"
                    + " several. Merge Routing.of(name) or Routing.weighted(…)."),
    NOTHING_TO_MERGE(
            "LoraNothingToMerge",
            "The routing names no adapter, so there is nothing to merge. Use"
                    + " Routing.of(name)."),
    COMBINATION_UNSUPPORTED(
            "LoraCombinationUnsupported",
            "Adapter %1$s has %2$s, and only plain factor pairs can be combined. Use"
                    + " adapters without it; PiSSA and OLoRA adapters are plain after they were"
                    + " saved and loaded."),
    COMBINATION_RANKS(
            "LoraCombinationRanks",
            "The adapters %1$s have the ranks %2$s, but their factors can be added only"
                    + " at one rank. Use cat, or a form withSvd()."),
    COMBINATION_TIE(
            "LoraCombinationTie",
            "The adapters %1$s treat the modules %2$s, which read one weight,"
                    + " differently: %3$s has no one pair for all of them. Combine adapters that"
                    + " were all trained with ensure_weight_tying, or all without."),
    ROUTING_EMPTY(
            "LoraRoutingEmpty",
            "A weighted routing names no adapter. Name one, or use Routing.none()."),
    ROUTING_WEIGHT(
            "LoraRoutingWeight", "The weight of adapter %1$s is %2$s. Give a finite number."),
    ROUTING_NO_ROWS(
            "LoraRoutingEmpty",
            "A routing by rows has no row. Name an adapter or Routing.BASE for each row"
                    + " of the batch."),
    DENSITY(
            "LoraDensity",
            "The density is %1$s, but it is the fraction of values to keep. Give a number"
                    + " above 0, and at most 1."),
    COMBINATION_RANK("LoraRank", "The rank is %1$s, but it is at least 1."),
    COMBINATION_CUT(
            "LoraCombinationCut",
            "Cat keeps everything, so %1$s contradicts it. Use Combination.svd() for its"
                    + " nearest at a rank."),
    REMOVED(
            "LoraAdapterRemoved",
            "Adapter %1$s was removed. Route to another adapter, or load it again and"
                    + " make a new routed block."),
    NAME(
            "LoraAdapterName",
            "'%1$s' is not an adapter name. Use up to 128 letters, digits, dots,"
                    + " underscores and hyphens, with a letter or a digit first."),
    UNKNOWN("LoraUnknownAdapter", "There is no adapter %1$s.%2$s %3$s"),
    UNKNOWN_HANDLE("LoraUnknownAdapter", "There is no adapter with the handle %1$s. %2$s");

    private final String code;
    private final String pattern;

    AdapterMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
