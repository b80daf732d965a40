package dev.ligature.training;

import dev.ligature.internal.diag.Message;

/** What training reports. */
enum TrainingMessage implements Message {
    CONFIG("TrainConfig", "%1$s is %2$s; it must be %3$s."),
    RATE_AND_SCHEDULE(
            "TrainConfig",
            "Both a learning rate and a schedule are set; a schedule has the rate in it. Set one of"
                    + " them."),
    SGD_BETAS(
            "TrainConfig",
            "betas or eps are set, which SGD does not have. Leave them out, or use AdamW."),
    TOO_FEW_TOKENS(
            "TrainTooFewTokens",
            "Windows of %1$s tokens cannot be cut from a stream of %2$s. Give more text, or a"
                    + " sequence length from 2 up to that."),
    BATCH_SIZE("TrainBatchSize", "The batch size is %1$s. Give at least one row."),
    NOT_LAYERED(
            "TrainLayers",
            "The layers of %1$s cannot be computed again on the way back. Train it without"
                    + " TrainingMemory.withRecomputedLayers, or have the model implement LayeredModel."),
    NOTHING(
            "TrainNothing",
            "None of the %1$s parameters of the block is trainable. Route a trainable adapter, or"
                    + " unfreeze what is to be trained."),
    CLOSED("TrainClosed", "The training loop is closed. Make another one over the block."),
    STATE(
            "TrainState",
            "The state of a training does not fit this loop: array %1$s: %2$s. Restore it in a loop"
                    + " over the same adapter, with the same optimizer."),
    BLOCK(
            "TrainBlock",
            "The block failed on token ids, %1$s: %2$s. A training loop is for models"
                    + " that take ids (B, T) and give logits (B, T, V). Train other models with"
                    + " batches of dev.ligature.training.TrainingBatch."),
    INPUTS(
            "TrainBlock",
            "The block failed on the inputs %1$s: %2$s. Give a batch the inputs that the block's"
                    + " forward takes, in its data types."),
    LOSS_SHAPE(
            "TrainLoss",
            "The loss %1$s is an array of shape %2$s. Return one number, the mean over the items of"
                    + " the batch."),
    LOSS_MISSING(
            "TrainLoss",
            "The loss %1$s returned null. Return one number, the mean over the items of the batch."),
    EMPTY_BATCH(
            "TrainEmptyBatch",
            "A batch has %1$s inputs and %2$s items. Give at least one input, and a number of items"
                    + " from 0 up."),
    NOT_INITIALIZED(
            "TrainNotInitialized",
            "Parameter %1$s has no array. Initialise the block, or load it, before training it."),
    DEVICE(
            "TrainDevice",
            "Parameter %1$s is on %2$s and the loop's manager on %3$s. Give the loop a manager of"
                    + " the parameters' device."),
    BATCH_SHAPE(
            "TrainBatchShape",
            "A batch is %1$s of shape %2$s. Token ids to train on are int64 (B, T), with at least 2"
                    + " tokens in a row: one to read and one to predict."),
    LABEL_SHAPE(
            "TrainLabelShape",
            "A batch has ids of shape %1$s and labels of shape %2$s. Give a label for every token;"
                    + " labels are not shifted."),
    NO_TOKENS(
            "TrainNoTokens",
            "The batches have no item that counts. Give at least one batch with a label other than"
                    + " %1$s; of token ids, after the first token of a row."),
    UNTAPED(
            "TrainUntaped",
            "The block does not work with fused operators: %1$s. It is trained with DJL's own,"
                    + " which takes longer and gives the same numbers."),
    DIVERGED(
            "TrainDiverged",
            "The gradient norm of step %1$s is %2$s, at loss %3$s and learning rate %4$s. The step"
                    + " was not taken. Start again with a lower learning rate, or with a maximum"
                    + " gradient norm."),
    NOT_FINITE(
            "TrainDiverged",
            "The gradient norm of step %1$s is %2$s, because parameter %3$s has values that are not"
                    + " finite. The step was not taken. Load or create it again with finite values;"
                    + " another learning rate does not help."),
    GRADIENTS(
            "TrainExchange",
            "The exchange of step %1$s gave %2$s gradients for %3$s parameters. Have it add a"
                    + " gradient for each of Step.parameters(), in their order."),
    EXCHANGED_ITEMS(
            "TrainExchange",
            "The exchange of step %1$s added parts of %2$s items, not all %3$s items of the step."
                    + " Have it add every part of Step.parts() once."),
    COLLECTING(
            "TrainCollecting",
            "A GradientCollector is open elsewhere in this process, and DJL allows one. Close it"
                    + " before a step; training loops take turns by themselves.");

    private final String code;
    private final String pattern;

    TrainingMessage(String code, String pattern) {
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
