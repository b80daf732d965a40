package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.Translator;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.ligature.annotation.Role;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.config.ModuleSelection;
import dev.ligature.config.PatternValue;
import dev.ligature.config.PeftMetadata;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.plan.LoraPlan;
import dev.ligature.store.AdapterFolder;
import dev.ligature.store.AdapterStore;
import dev.ligature.store.remote.AdapterManifest;
import dev.ligature.store.remote.CachedAdapters;
import dev.ligature.store.remote.HttpAdapters;
import dev.ligature.training.AdamW;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.GradientExchange;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.Sgd;
import dev.ligature.training.TokenBatch;
import dev.ligature.training.TokenWindows;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A null where the API takes none is reported at once: by a NullPointerException that names the
 * parameter, or by an error with a code. Every public method and constructor is called once for
 * each of its arguments. Left out are {@code inject}, which generated code calls, and {@code plan}
 * and other records, which Ligature makes.
 */
final class NullArgumentsTest extends ToyTest {
    private static final Set<String> PACKAGES =
            Set.of(
                    "",
                    ".block",
                    ".checkpoint",
                    ".config",
                    ".interop",
                    ".store",
                    ".store.remote",
                    ".training");

    /** The records that users make. */
    private static final Set<Class<?>> RECORDS =
            Set.of(
                    PatternValue.class,
                    TokenBatch.class,
                    ModuleSelection.Names.class,
                    ModuleSelection.Regex.class);

    @TempDir Path folder;
    private final Map<Class<?>, Object> samples = new HashMap<>();

    @BeforeEach
    void makeSamples() throws Exception {
        LoraModel lora = wrapToy(true);
        LoraConfig config = config("proj").build();
        Adapter adapter = lora.create("a", config, 1);
        Path weights = folder.resolve("w.safetensors");
        SafetensorsWriter.write(weights, Map.of("x", manager.ones(new Shape(2))), Map.of());
        Path base = Files.createDirectory(folder.resolve("base"));
        Files.copy(weights, base.resolve("model.safetensors"));
        put(lora, adapter, config, LoraConfig.builder(), config.metadata(), lora.layout());
        put(lora.plan(config), Routing.of("a"), Combination.linear(), MergeOptions.SAFE);
        put(lora.merge(Routing.of("a")), BiasMode.NONE, LoraInit.DEFAULT);
        put(AdapterLoadOptions.defaults(), LoadOptions.defaults(), ExportOptions.defaults());
        put(BaseDifference.FAIL, TensorDtype.F32, BaseCheckpoint.open(base));
        put(SafetensorsReader.open(weights), ModelDescription.builder(), Role.MODULE);
        put(ModelDescription.builder().build());
        put(AdapterStore.open(wrapToy(true), folder, 1 << 20), new AdapterFolder(folder));
        put(new AdapterManifest(new TreeMap<>()), Duration.ZERO, URI.create("http://localhost"));
        HttpAdapters remote = HttpAdapters.of(URI.create("http://localhost"));
        put(remote, CachedAdapters.open(remote, folder.resolve("copies"), 1, Duration.ZERO));
        samples.put(HttpClient.class, HttpClient.newHttpClient());
        samples.put(SortedMap.class, new TreeMap<>());
        put(AdamW.builder(), Sgd.builder(), OptimizerKind.ADAMW, TrainingConfig.builder());
        put(TrainingConfig.builder().build(), DataType.FLOAT32, new Shape(1, 1));
        put(new ParameterStore(manager, false), new NoopTranslator(), new TokenEmbedding(3, 2));
        samples.put(Block.class, lora.base());
        samples.put(NDManager.class, manager);
        samples.put(NDArray.class, manager.create(IDS, new Shape(2, 3)));
        samples.put(NDList.class, ids());
        samples.put(Path.class, folder);
        samples.put(String.class, "proj");
        samples.put(Translator.class, new NoopTranslator());
        samples.put(Loss.class, new NextTokenLoss());
        put(TrainingBatch.classes(ids(), manager.create(IDS, new Shape(2, 3))));
        samples.put(
                ModuleWalker.ModelWalk.class, (ModuleWalker.ModelWalk<ToyModel>) ToyModel::visit);
        for (Class<?> list : List.of(List.class, Collection.class, Iterable.class)) {
            samples.put(list, List.of());
        }
        put(AdamW.builder().setManager(manager).build(), Sgd.builder().setManager(manager).build());
        put(config.targetModules(), TokenWindows.of(IDS, 2));
        put(new BatchSampler(TokenWindows.of(IDS, 2), 1, 1));
        SafetensorsReader reader = SafetensorsReader.open(weights);
        put(reader.tensors().get("x"), new PeftMetadata.AutoMapping("a", "b"));
        put(
                TrainingLoop.over(
                        lora.routed(Routing.of("a")), manager, TrainingConfig.builder().build()));
        putExchange(lora.routed(Routing.of("a")));
        LoraPlan plan = lora.plan(config);
        put(plan.pairs().get(0).geometry(), plan.pairs().get(0).strength());
        put(plan.pairs().get(0).variant(), ServingCompatibility.of(plan, lora.layout()));
        put(lora.base().getParameters().get(0).getValue());
        samples.put(Class.class, Object.class);
        samples.put(Throwable.class, new Exception("x"));
        samples.put(ByteBuffer.class, ByteBuffer.allocate(8));
        samples.put(Optional.class, Optional.empty());
        samples.put(Map.class, Map.of());
        samples.put(Set.class, Set.of());
        samples.put(RandomGenerator.class, RandomGenerator.getDefault());
        samples.put(int.class, 1);
        samples.put(long.class, 1L);
        samples.put(float.class, 0.5f);
        samples.put(double.class, 0.5);
        samples.put(boolean.class, true);
    }

    private void putExchange(Block block) {
        GradientExchange exchange =
                GradientExchange.Local.over(block, manager, TrainingMemory.DEFAULT);
        put(exchange, TrainingMemory.DEFAULT);
        samples.put(GradientExchange.class, exchange);
        try (TrainingLoop loop =
                TrainingLoop.over(block, manager, TrainingConfig.builder().build(), this::put)) {
            assertThrows(
                    LoraException.class, () -> loop.step(manager.create(IDS, new Shape(2, 3))));
        }
    }

    private void put(Object... all) {
        for (Object sample : all) {
            samples.put(sample.getClass(), sample);
        }
    }

    @Test
    void everyNull_isReportedWithTheNameOfTheParameter() {
        List<String> wrong = new ArrayList<>();
        Set<String> unknown = new TreeSet<>();
        int calls = 0;
        for (JavaClass imported :
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("dev.ligature")) {
            if (!PACKAGES.contains(imported.getPackageName().substring("dev.ligature".length()))
                    || !imported.getModifiers().contains(JavaModifier.PUBLIC)) {
                continue;
            }
            Class<?> type = imported.reflect();
            if (!location(type).equals(location(LoraModel.class)) || !isReachable(type)) {
                continue;
            }
            List<Executable> all = new ArrayList<>(List.of(type.getMethods()));
            if (!Modifier.isAbstract(type.getModifiers())
                    && !Throwable.class.isAssignableFrom(type)
                    && (!type.isRecord() || RECORDS.contains(type))) {
                all.addAll(List.of(type.getDeclaredConstructors()));
            }
            for (Executable method : all) {
                if (isOwn(method)) {
                    calls += call(method, wrong, unknown);
                }
            }
        }
        assertEquals(Set.of(), unknown, "types without a sample");
        assertEquals("", String.join("\n", wrong));
        assertTrue(calls > 150, calls + " calls");
    }

    private int call(Executable method, List<String> wrong, Set<String> unknown) {
        Parameter[] parameters = method.getParameters();
        int calls = 0;
        for (int i = 0; i < parameters.length; i++) {
            Parameter parameter = parameters[i];
            if (parameter.getType().isPrimitive()
                    || parameter.isVarArgs()
                    || parameter.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
                continue;
            }
            Object[] arguments = new Object[parameters.length];
            boolean ready = true;
            for (int k = 0; k < parameters.length; k++) {
                if (k != i) {
                    arguments[k] = sample(parameters[k].getType(), unknown);
                    ready &= arguments[k] != null;
                }
            }
            boolean receives = !Modifier.isStatic(method.getModifiers());
            Object receiver =
                    receives && method instanceof Method
                            ? sample(method.getDeclaringClass(), unknown)
                            : null;
            if (!ready || (receives && method instanceof Method && receiver == null)) {
                continue;
            }
            calls++;
            String said = said(method, receiver, arguments, parameter.getName());
            if (!said.isEmpty()) {
                wrong.add(
                        method.getDeclaringClass().getSimpleName()
                                + "."
                                + method.getName()
                                + " "
                                + parameter.getName()
                                + ": "
                                + said);
            }
        }
        return calls;
    }

    /** Calls a method and returns what is wrong with how it ended. */
    private static String said(
            Executable method, @Nullable Object receiver, Object[] arguments, String name) {
        try {
            method.trySetAccessible();
            if (method instanceof Method call) {
                call.invoke(receiver, arguments);
            } else {
                ((Constructor<?>) method).newInstance(arguments);
            }
            return "accepted";
        } catch (InvocationTargetException e) {
            Throwable thrown = e.getCause();
            if (thrown instanceof LoraException) {
                return "";
            }
            String message = String.valueOf(thrown.getMessage());
            return thrown instanceof NullPointerException && message.contains(name)
                    ? ""
                    : thrown.toString();
        } catch (ReflectiveOperationException e) {
            return e.toString();
        }
    }

    private @Nullable Object sample(Class<?> type, Set<String> unknown) {
        if (type.isArray()) {
            return java.lang.reflect.Array.newInstance(type.getComponentType(), 0);
        }
        Object sample = samples.get(type);
        if (sample == null) {
            sample = samples.values().stream().filter(type::isInstance).findFirst().orElse(null);
        }
        if (sample == null && type.isEnum()) {
            sample = type.getEnumConstants()[0];
        }
        if (sample == null && type.isInterface() && !type.isSealed()) {
            sample =
                    Proxy.newProxyInstance(
                            type.getClassLoader(), new Class<?>[] {type}, (self, m, a) -> null);
        }
        if (sample == null) {
            unknown.add(type.getName());
        }
        return sample;
    }

    /**
     * Returns whether a method is Ligature's own, rather than DJL's or Java's that it overrides.
     */
    private static boolean isOwn(Executable method) {
        if (!Modifier.isPublic(method.getModifiers())
                || method.isSynthetic()
                || Modifier.isAbstract(method.getModifiers())) {
            return false;
        }
        Class<?> type = method.getDeclaringClass();
        if (!type.getName().startsWith("dev.ligature")) {
            return false;
        }
        if (method instanceof Constructor) {
            return true;
        }
        if (type.isEnum() && method.getName().equals("valueOf")) {
            return false;
        }
        for (Class<?> above : above(type)) {
            if (!above.getName().startsWith("dev.ligature")) {
                for (Method inherited : above.getDeclaredMethods()) {
                    if (inherited.getName().equals(method.getName())
                            && inherited.getParameterCount() == method.getParameterCount()) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Returns whether a type is public, and so is all that it is in. */
    private static boolean isReachable(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getEnclosingClass() == null || isReachable(type.getEnclosingClass()));
    }

    private static Object location(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    private static List<Class<?>> above(Class<?> type) {
        List<Class<?>> all = new ArrayList<>();
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            all.add(at);
            all.addAll(List.of(at.getInterfaces()));
        }
        return all;
    }
}
