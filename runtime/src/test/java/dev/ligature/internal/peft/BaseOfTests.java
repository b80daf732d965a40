package dev.ligature.internal.peft;

import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.io.IOException;

/** Reads adapters for a base of which there is only the layout. */
public final class BaseOfTests {
    private BaseOfTests() {}

    /** Returns a base without weights. */
    public static BaseWeights of(ModelLayout layout) {
        return new BaseWeights(
                layout,
                (module, parameter) -> {
                    throw new AssertionError("The base has no weights: " + module);
                });
    }

    /** Reads an adapter without regard to the base's weights in its file. */
    public static AdapterContents read(
            AdapterDirectory adapter, LoraPlan plan, ModelLayout layout, NDManager manager)
            throws IOException {
        AdapterLoadOptions keep =
                AdapterLoadOptions.defaults().onBaseDifference(BaseDifference.KEEP);
        return adapter.read(plan, of(layout), manager, keep);
    }
}
