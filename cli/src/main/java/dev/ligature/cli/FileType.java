package dev.ligature.cli;

import dev.ligature.checkpoint.TensorDtype;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The data types that weights are written in. */
enum FileType {
    FLOAT32(TensorDtype.F32, "fp32"),
    FLOAT16(TensorDtype.F16, "fp16"),
    BFLOAT16(TensorDtype.BF16, "bf16");

    private final TensorDtype tensorDtype;
    private final String alias;

    FileType(TensorDtype tensorDtype, String alias) {
        this.tensorDtype = tensorDtype;
        this.alias = alias;
    }

    /** Returns the name, as config.json has it. */
    String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the type of the tensors. */
    TensorDtype tensorDtype() {
        return tensorDtype;
    }

    /** Takes the name, or the short one. */
    static final class Converter implements ITypeConverter<FileType> {
        @Override
        public FileType convert(String text) {
            for (FileType type : FileType.values()) {
                if (List.of(type.configName(), type.alias)
                        .contains(text.toLowerCase(Locale.ROOT))) {
                    return type;
                }
            }
            List<String> names =
                    Arrays.stream(FileType.values()).map(FileType::configName).toList();
            throw new TypeConversionException(
                    "expected one of " + String.join(", ", names) + " but was '" + text + "'");
        }
    }
}
