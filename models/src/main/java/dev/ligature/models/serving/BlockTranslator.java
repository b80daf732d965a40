package dev.ligature.models.serving;

import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.ligature.models.internal.ModelMessage;
import java.util.List;
import java.util.function.Supplier;

/**
 * A translator that leaves the work to that of the block. Where the jars lie beside the model, DJL
 * loads the classes of block and translator each by a class loader of its own, so they know each
 * other by types of the JDK and of DJL.
 */
final class BlockTranslator implements Translator<Input, Output> {
    @SuppressWarnings("unchecked") // a ServedEncoder supplies translators of these types
    private static Translator<Input, Output> of(TranslatorContext context) {
        Block block = context.getModel().getBlock();
        if (block instanceof Supplier<?> supplier
                && supplier.get() instanceof Translator<?, ?> translator) {
            return (Translator<Input, Output>) translator;
        }
        throw ModelMessage.SERVING_BLOCK.error(
                context.getModel().getName(), block.getClass().getName());
    }

    @Override
    public Batchifier getBatchifier() {
        return Batchifier.STACK; // says that there are batches; they are made below
    }

    @Override
    public NDList batchProcessInput(TranslatorContext context, List<Input> inputs)
            throws Exception {
        return of(context).batchProcessInput(context, inputs);
    }

    @Override
    public List<Output> batchProcessOutput(TranslatorContext context, NDList list)
            throws Exception {
        return of(context).batchProcessOutput(context, list);
    }

    @Override
    public NDList processInput(TranslatorContext context, Input input) throws Exception {
        return batchProcessInput(context, List.of(input));
    }

    @Override
    public Output processOutput(TranslatorContext context, NDList list) throws Exception {
        return batchProcessOutput(context, list).get(0);
    }
}
