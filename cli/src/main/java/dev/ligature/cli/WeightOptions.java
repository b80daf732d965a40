package dev.ligature.cli;

import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.ops.WeightPrecision;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option that says how a base's weights are held in memory. */
final class WeightOptions {
    private static final String IN_FULL = "fp32";

    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            converter = Converter.class,
            description =
                    "How the base's weights are held: fp32, bf16 in half of the memory, or int8 in a"
                            + " quarter. Adapters are fp32 always. Default: fp32.")
    private @Nullable WeightPrecision precision;

    /** Returns options with what was given here. */
    LoadOptions on(LoadOptions options) {
        return precision == null ? options : options.withWeights(precision);
    }

    /** Takes a name of the option's text; null is in full. */
    static final class Converter implements ITypeConverter<@Nullable WeightPrecision> {
        @Override
        public @Nullable WeightPrecision convert(String text) {
            Map<String, WeightPrecision> named = new TreeMap<>();
            for (WeightPrecision precision : WeightPrecision.values()) {
                named.put(precision.name().toLowerCase(Locale.ROOT), precision);
            }
            WeightPrecision precision = named.get(text.toLowerCase(Locale.ROOT));
            if (precision == null && !text.equalsIgnoreCase(IN_FULL)) {
                throw new TypeConversionException(
                        "expected one of "
                                + IN_FULL
                                + ", "
                                + String.join(", ", named.keySet())
                                + " but was '"
                                + text
                                + "'");
            }
            return precision;
        }
    }
}
