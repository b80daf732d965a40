package dev.ligature.benchmarks.compile;

import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaFileObject;

/**
 * Small classes to compile, of two kinds with as many imports and members: three modules and a
 * child, or three properties and a value. Ten classes form one model, the first of which reaches
 * the others; a package holds ten models, and a superclass without annotations for the blocks.
 */
final class Sources {
    /** How many classes one model has. */
    static final int PER_MODEL = 10;

    private static final int PER_PACKAGE = 100;

    private Sources() {}

    /** Returns annotated blocks; the first of each model has a tie. */
    static List<JavaFileObject> blocks(int count) {
        List<JavaFileObject> sources = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (i % PER_PACKAGE == 0) {
                sources.add(superclass("blocks.p" + i / PER_PACKAGE));
            }
            String name = "Layer" + i;
            String child =
                    isLast(i, count)
                            ? "    @LoraTarget Block outProj;\n"
                            : "    @LoraChild(\"next\") Layer" + (i + 1) + " next;\n";
            String tie = i % PER_MODEL == 0 ? "@Tied(\"q_proj\") " : "";
            String text =
                    """
                    package blocks.p%d;

                    import ai.djl.nn.Block;
                    import dev.ligature.annotation.LoraChild;
                    import dev.ligature.annotation.LoraTarget;
                    import dev.ligature.annotation.Tied;

                    public final class %s extends Base {
                        @LoraTarget Block qProj;
                        @LoraTarget("kv_proj") Block kvProj;
                        %s@LoraTarget("gate") Block gate;
                    %s}
                    """
                            .formatted(i / PER_PACKAGE, name, tie, child);
            sources.add(new MemorySource("blocks.p" + i / PER_PACKAGE + "." + name, text));
        }
        return sources;
    }

    /** Returns value classes. */
    static List<JavaFileObject> values(int count) {
        List<JavaFileObject> sources = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String name = "Value" + i;
            String child =
                    isLast(i, count)
                            ? "    public abstract String last();\n"
                            : "    public abstract Value" + (i + 1) + " next();\n";
            String text =
                    """
                    package values.p%d;

                    import com.google.auto.value.AutoValue;
                    import java.time.Duration;
                    import java.util.List;
                    import java.util.Optional;

                    @AutoValue
                    public abstract class %s {
                        public abstract Duration length();

                        public abstract Optional<String> name();

                        public abstract List<String> tags();

                    %s}
                    """
                            .formatted(i / PER_PACKAGE, name, child);
            sources.add(new MemorySource("values.p" + i / PER_PACKAGE + "." + name, text));
        }
        return sources;
    }

    private static JavaFileObject superclass(String packageName) {
        String text =
                """
                package %s;

                import ai.djl.ndarray.NDList;
                import ai.djl.ndarray.types.Shape;
                import ai.djl.nn.AbstractBlock;
                import ai.djl.training.ParameterStore;
                import ai.djl.util.PairList;

                abstract class Base extends AbstractBlock {
                    @Override
                    protected NDList forwardInternal(
                            ParameterStore store,
                            NDList inputs,
                            boolean training,
                            PairList<String, Object> params) {
                        return inputs;
                    }

                    @Override
                    public Shape[] getOutputShapes(Shape[] inputShapes) {
                        return inputShapes;
                    }
                }
                """
                        .formatted(packageName);
        return new MemorySource(packageName + ".Base", text);
    }

    private static boolean isLast(int i, int count) {
        return i % PER_MODEL == PER_MODEL - 1 || i == count - 1;
    }
}
