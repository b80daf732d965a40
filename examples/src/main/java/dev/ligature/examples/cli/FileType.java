package dev.ligature.examples.cli;

import ai.djl.ndarray.types.DataType;

/** The data types that weights are written in, under the names that safetensors users know. */
enum FileType {
    FP32("float32", DataType.FLOAT32),
    FP16("float16", DataType.FLOAT16),
    BF16("bfloat16", DataType.BFLOAT16);

    private final String configName;
    private final DataType dataType;

    FileType(String configName, DataType dataType) {
        this.configName = configName;
        this.dataType = dataType;
    }

    /** Returns the name in config.json. */
    String configName() {
        return configName;
    }

    DataType dataType() {
        return dataType;
    }
}
