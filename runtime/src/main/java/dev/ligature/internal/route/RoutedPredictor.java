package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.nn.Block;
import ai.djl.translate.Translator;
import java.util.Objects;

/** A predictor that owns the DJL model that it was made from. */
public final class RoutedPredictor<I, O> extends Predictor<I, O> {
    private RoutedPredictor(Model model, Translator<I, O> translator) {
        super(model, translator, model.getNDManager().getDevice(), false);
    }

    /** Returns a predictor for a block, on a device. */
    public static <I, O> Predictor<I, O> of(
            Block block, Device device, Translator<I, O> translator) {
        Objects.requireNonNull(translator, "translator");
        Model model = Model.newInstance("routed", device);
        model.setBlock(block);
        return new RoutedPredictor<>(model, translator);
    }

    @Override
    public void close() {
        super.close();
        model.close();
    }
}
