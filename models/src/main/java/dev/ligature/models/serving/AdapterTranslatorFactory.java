package dev.ligature.models.serving;

import ai.djl.Model;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;

/**
 * Makes the translator of a model that {@link AdapterBlockFactory} has loaded. It reads what
 * clients send:
 *
 * <pre>{@code {"inputs": ["a text", "another"], "adapters": ["legal", ""]}}</pre>
 *
 * <p>{@code inputs} is a text or a list of texts. {@code adapters} is the adapter of all, or a list
 * of those of each; the empty name is the base. Without it, the header {@code
 * X-Amzn-SageMaker-Adapter-Identifier} or the parameter {@code adapter} of the request names the
 * adapter of all. A body of the type {@code text/plain} is one text. Requests that DJL puts into a
 * batch are computed in one pass, also with different adapters; one that is wrong fails alone.
 *
 * <p>A text's result is its embedding, a list of numbers, or {@code [{"className": …,
 * "probability": …}, …]}, the likeliest label first; for a list of texts it is a list of them.
 */
public final class AdapterTranslatorFactory implements TranslatorFactory {
    private static final long serialVersionUID = 1L;

    /** Creates a factory; DJL does, by the name of the class. */
    public AdapterTranslatorFactory() {}

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return Set.of(new Pair<>(Input.class, Output.class));
    }

    @Override
    @SuppressWarnings("unchecked") // DJL asks for supported types alone
    public <I, O> Translator<I, O> newInstance(
            Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
        return (Translator<I, O>) new BlockTranslator();
    }
}
