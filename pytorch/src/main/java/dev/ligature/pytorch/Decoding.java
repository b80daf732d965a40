package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The operators of generation, where texts get one token each, and which of them are used.
 *
 * @param script the operators; null if none is used
 * @param used their names
 * @param level how important the reason is
 * @param reason what to tell a reader of the log
 */
record Decoding(@Nullable Script script, Set<String> used, Level level, String reason) {
    /** The name of the script, and of its arrays that are lists. */
    static final String SCRIPT = "decoding";

    private static final Set<String> OF_GENERATION =
            Set.of(
                    OperatorNames.ATTENTION,
                    OperatorNames.ROW,
                    OperatorNames.ROWS,
                    OperatorNames.ROWS_ONEDNN,
                    OperatorNames.LAYERS);

    static final String LINEAR = "linear"; // in the script
    private static final Pattern PLAIN_NAME = Pattern.compile("\\w*");
    private static final String CACHES = "c[]"; // DJL makes a list of arrays with such a name

    /** The texts from which one call is faster than all that it does call by call. */
    private static final int SOME = 2;

    /** The most rows of a product that are few. */
    static final int FEW = 8;

    /**
     * The most rows of oneDNN's products: it takes longer for more, while turned ones take as long
     * as the library's own.
     */
    private static final int OF_ONEDNN = 12;

    /** The most texts whose layers are one call: with more, the products take nearly all time. */
    static final int TEXTS = 32;

    /**
     * The most numbers of an input of more than two rows whose product is turned: beyond, the
     * library does not keep them while it reads the matrix, and its own order is faster, or oneDNN.
     */
    private static final long NUMBERS = 3500;

    /** The same for two rows, next to the library's own order. */
    private static final long OF_TWO_ROWS = 8192;

    /** What part of the time of the engine's product another must stay below to be used. */
    private static final double WORTH = 0.9;

    /** The elements of a matrix from which the calls cost less than what they save. */
    private static final long ELEMENTS = 1 << 17;

    /** Chooses among the operators by their names. */
    static Decoding of(OperatorNames names, ScriptChoice.Loader loader) {
        Set<String> wanted = new TreeSet<>(names.names());
        wanted.retainAll(OF_GENERATION);
        if (wanted.isEmpty()) {
            return new Decoding(null, Set.of(), Level.DEBUG, SCRIPT);
        }
        Decoding all = checked(wanted, loader);
        if (all.script() == null && wanted.remove(OperatorNames.ROWS_ONEDNN)) {
            LoggerFactory.getLogger(Decoding.class).warn(all.reason());
            all = checked(wanted, loader);
        }
        if (all.script() == null || !names.isMeasured()) {
            return all;
        }
        Set<String> fast = new TreeSet<>(wanted);
        DecodingTimes times = DecodingTimes.of(all.script());
        times.slowerThan(WORTH).forEach(fast::remove);
        if (fast.contains(OperatorNames.ROWS_ONEDNN)
                == wanted.contains(OperatorNames.ROWS_ONEDNN)) {
            return new Decoding(all.script(), fast, Level.INFO, reason(fast));
        }
        all.script().close();
        return checked(fast, loader);
    }

    private static Decoding checked(Set<String> wanted, ScriptChoice.Loader loader) {
        boolean onednn = wanted.contains(OperatorNames.ROWS_ONEDNN);
        String product = onednn ? OperatorNames.ONEDNN : OperatorNames.MATMUL;
        try {
            Script script = loader.load(SCRIPT, product);
            Optional<Fault> fault = DecodingCheck.faultOf(script);
            if (fault.isEmpty()) {
                return new Decoding(script, Set.copyOf(wanted), Level.INFO, reason(wanted));
            }
            script.close();
            return none(fault.get().message(SCRIPT));
        } catch (RuntimeException e) { // of the engine
            return none(ScriptChoice.refusal(SCRIPT, e));
        }
    }

    private static String reason(Set<String> used) {
        return OperatorMessage.DECODING.text(OperatorNames.value(used));
    }

    private static Decoding none(String reason) {
        return new Decoding(null, Set.of(), Level.WARN, reason);
    }

    /** Returns the attention of new tokens, or null if it is not computed for such arrays. */
    @Nullable NDArray attention(
            NDArray queries, NDArray keys, NDArray values, NDList caches, AttentionSpan span) {
        if (script == null
                || span.texts() < SOME
                || !used.contains(OperatorNames.ATTENTION)
                || !Tensors.fits(queries, keys, values, caches.head())) {
            return null;
        }
        return attention(script, queries, keys, values, caches, span);
    }

    static NDArray attention(
            Script script,
            NDArray queries,
            NDArray keys,
            NDArray values,
            NDList caches,
            AttentionSpan span) {
        NDList arguments = new NDList(caches.size() + 5);
        arguments.add(queries);
        arguments.add(keys);
        arguments.add(values);
        arguments.add(span.numbers());
        for (NDArray cache : caches) {
            if (!CACHES.equals(cache.getName())) {
                cache.setName(CACHES);
            }
            arguments.add(cache);
        }
        return script.call(OperatorNames.ATTENTION, arguments).singletonOrThrow();
    }

    /** Returns the most texts whose layers are computed together. */
    int textsAtOnce() {
        return script != null && used.contains(OperatorNames.LAYERS) ? TEXTS : 0;
    }

    /**
     * Returns what layers give of one new token of each text, or null if they are not computed
     * together.
     */
    @Nullable NDArray layers(NDArray x, List<LayerTerms> layers, NDList caches) {
        int texts = caches.size();
        if (script == null || texts > textsAtOnce()) {
            return null;
        }
        LayerArguments arguments = new LayerArguments(layers, x.getManager());
        if (!arguments.fit(x, caches)) {
            return null;
        }
        int rows = texts == 1 && used.contains(OperatorNames.ROW) ? 2 : texts;
        return arguments.run(script, x, caches, rows, turned(rows, texts));
    }

    /**
     * Returns the most numbers of an input whose product is turned; 0 if none is.
     *
     * @param rows how many rows are computed
     * @param wanted how many of them are wanted
     */
    private long turned(long rows, long wanted) {
        if (rows > OF_ONEDNN) {
            return used.contains(OperatorNames.ROWS_ONEDNN) ? Long.MAX_VALUE : 0;
        }
        if (rows > FEW || !used.contains(wanted == 1 ? OperatorNames.ROW : OperatorNames.ROWS)) {
            return 0;
        }
        return rows == 2 && !used.contains(OperatorNames.ROWS_ONEDNN) ? OF_TWO_ROWS : NUMBERS;
    }

    /**
     * Returns {@code x Wᵀ + bias}, or null if the engine's own product is faster.
     *
     * @param x the input, fp32 on the processor, as all arrays
     */
    @Nullable NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        long wanted = x.size() / weight.getShape().get(1);
        if (script == null || wanted < 1 || wanted > FEW || weight.size() < ELEMENTS) {
            return null;
        }
        long rows = Math.max(wanted, 2);
        boolean turned = x.size() / wanted * rows <= turned(rows, wanted);
        if (!turned && !used.contains(OperatorNames.ROWS_ONEDNN)) {
            return null;
        }
        String method = turned ? OperatorNames.ROWS : LINEAR;
        NDManager owner = x.getManager();
        try (NDList aliases = new NDList()) {
            NDArray in = plainlyNamed(x, owner, aliases);
            NDArray w = plainlyNamed(weight, owner, aliases);
            NDArray y = script.call(method, in, w).singletonOrThrow();
            return bias == null ? y : y.addi(bias);
        }
    }

    /**
     * Returns an array, or an alias where it has a name that DJL would take for something else: a
     * part of a dictionary, a list or a tuple, or a method.
     */
    private static NDArray plainlyNamed(NDArray array, NDManager owner, NDList aliases) {
        String name = array.getName();
        if (name == null || PLAIN_NAME.matcher(name).matches()) {
            return array;
        }
        NDArray alias = Tensors.alias(array, owner);
        aliases.add(alias);
        return alias;
    }
}
