package dev.ligature.models.twin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.ligature.LoraModel;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import dev.ligature.plan.ModelLayout;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Generated code and its reflective twin do the same. */
class TwinTest {
    private static final int MODELS = 60;
    private static final int BATCHES = Boolean.getBoolean("ligature.soak") ? 60 : 1;
    private static final int INSTANCES = 3;

    private final ModelWalk<Object> twin = new ReflectiveVisit();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cases/llama-tied-both/base",
                "cases/llama-untied-both/base",
                "cases/qwen2-tied-embed/base",
                "llama/biased"
            })
    void onTheExamples_bothLeaveTheSameFieldsAndSlots(String checkpoint) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model =
                    LlamaCheckpoint.load(Path.of("src/test/resources", checkpoint), manager);
            String before = Injection.fields(model);

            Injection generated = Injection.inject(model, LlamaForCausalLMLora::visit);
            assertEquals(before, Injection.restore(model, LlamaForCausalLMLora::visit));
            Injection reflective = Injection.inject(model, twin);
            assertEquals(before, Injection.restore(model, twin));

            assertEquals(generated, reflective);
            assertFalse(generated.modules().isEmpty());

            LoraModel wrapped = LlamaForCausalLMLora.wrap(model);
            ModelLayout layout = wrapped.layout();
            wrapped.unwrap();
            assertEquals(layout, LoraModel.wrap(model, twin).layout());
        }
    }

    @Test
    void onRandomModels_bothLeaveTheSameFieldsAndSlots() throws Exception {
        Map<String, Integer> seen = new TreeMap<>();
        for (int batch = 0; batch < BATCHES; batch++) {
            Map<Long, RandomModel> models = new TreeMap<>();
            Map<String, String> sources = new HashMap<>();
            for (long seed = (long) batch * MODELS; models.size() < MODELS; seed++) {
                RandomModel model = new RandomModel(seed);
                models.put(seed, model);
                sources.putAll(model.sources());
            }
            ClassLoader loader = MemoryCompiler.compile(sources);
            seen.merge("classes", sources.size(), Integer::sum);
            for (Map.Entry<Long, RandomModel> model : models.entrySet()) {
                for (int i = 0; i < INSTANCES; i++) {
                    compare(model.getKey(), model.getValue(), loader, i, seen);
                }
            }
        }
        // What the random models had: a generator that makes empty ones would prove nothing.
        for (String what : new String[] {"ties", "aliases", "lists", "arrays", "maps"}) {
            assertTrue(seen.getOrDefault(what, 0) >= 20 * BATCHES, seen.toString());
        }
        assertTrue(seen.get("modules") >= 500 * BATCHES, seen.toString());
        assertTrue(seen.get("classes") >= 200 * BATCHES, seen.toString());
    }

    private void compare(
            long seed, RandomModel model, ClassLoader loader, int turn, Map<String, Integer> seen)
            throws Exception {
        Object instance = new RandomInstance(loader, seed * INSTANCES + turn).of(model.root());
        ModelWalk<Object> generated = generated(loader.loadClass(model.root().generatedName()));
        String which = "seed " + seed + ", instance " + turn + "\n" + model.sources();
        String before = Injection.fields(instance);

        Injection expected = Injection.inject(instance, twin);
        assertEquals(before, Injection.restore(instance, twin), which);
        Injection actual = Injection.inject(instance, generated);
        assertEquals(before, Injection.restore(instance, generated), which);

        assertEquals(expected.modules(), actual.modules(), which);
        assertEquals(expected.ties(), actual.ties(), which);
        assertEquals(expected.fields(), actual.fields(), which);
        count(expected, seen);
    }

    private static void count(Injection injection, Map<String, Integer> seen) {
        seen.merge("modules", injection.modules().size(), Integer::sum);
        seen.merge("ties", injection.ties().size(), Integer::sum);
        long blocks =
                injection.modules().stream()
                        .map(line -> line.substring(line.lastIndexOf(' ')))
                        .distinct()
                        .count();
        seen.merge("aliases", injection.modules().size() - (int) blocks, Integer::sum);
        seen.merge("lists", injection.fields().contains("=[slot") ? 1 : 0, Integer::sum);
        seen.merge("arrays", injection.fields().contains("=array[") ? 1 : 0, Integer::sum);
        seen.merge("maps", injection.fields().contains("={") ? 1 : 0, Integer::sum);
    }

    private static ModelWalk<Object> generated(Class<?> injector) {
        Method visit =
                Arrays.stream(injector.getMethods())
                        .filter(method -> method.getName().equals("visit"))
                        .findFirst()
                        .orElseThrow();
        visit.setAccessible(true);
        return (model, visitor) -> {
            try {
                visit.invoke(null, model, visitor);
            } catch (IllegalAccessException | InvocationTargetException failure) {
                throw new IllegalStateException(failure);
            }
        };
    }
}
