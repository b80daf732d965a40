package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.Linear;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A case of {@code interop/make_layer_numbers.py}: one layer, and what PEFT makes of it. The layer
 * is a block of DJL's or, where the name begins with {@code own:} or {@code transposed:}, a user's
 * block that stores its weight as DJL does or transposed; the numbers are then PEFT's as well.
 */
record LayerCase(
        String name, Path folder, JsonObject layer, double rate, Map<String, NDArray> numbers) {
    private static final String OWN = "own:";
    private static final String TRANSPOSED = "transposed:";
    private static final Path FOLDER = Path.of("src", "test", "resources", "layers");

    static List<String> names() {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .flatMap(LayerCase::variants)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> variants(String name) {
        if (name.startsWith("conv") || name.startsWith("transposed")) {
            return Stream.of(name);
        }
        // target_parameters adapts a parameter as it is stored.
        return name.endsWith("parameter")
                ? Stream.of(name, OWN + name)
                : Stream.of(name, OWN + name, TRANSPOSED + name);
    }

    static LayerCase read(String name, NDManager manager) throws IOException {
        Path folder = FOLDER.resolve(name.substring(name.indexOf(':') + 1));
        JsonObject json =
                JsonParser.parseString(Files.readString(folder.resolve("case.json")))
                        .getAsJsonObject();
        Map<String, NDArray> numbers = new TreeMap<>();
        try (SafetensorsReader file =
                SafetensorsReader.open(folder.resolve("numbers.safetensors"))) {
            for (String key : file.tensors().keySet()) {
                numbers.put(key, file.read(key, manager));
            }
        }
        if (name.startsWith(TRANSPOSED)) {
            numbers.computeIfPresent("base.weight", (key, weight) -> weight.transpose());
            numbers.computeIfPresent("merged.weight", (key, weight) -> weight.transpose());
        }
        return new LayerCase(
                name,
                folder,
                json.getAsJsonObject("layer"),
                json.get("rate").getAsDouble(),
                numbers);
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    Path converted() {
        return folder.resolve("converted");
    }

    NDArray number(String key) {
        NDArray number = numbers.get(key);
        if (number == null) {
            throw new AssertionError(name + " has no " + key);
        }
        return number;
    }

    /** Returns the model of the case, wrapped. */
    LoraModel wrap(NDManager manager, DataType type) {
        Map<Parameter.Type, NDArray> weights = new EnumMap<>(Parameter.Type.class);
        weights.put(Parameter.Type.WEIGHT, number("base.weight"));
        if (numbers.containsKey("base.bias")) {
            weights.put(Parameter.Type.BIAS, number("base.bias"));
        }
        Shape input = number("x").getShape();
        OneLayer model = OneLayer.create(block(), weights, manager, type, input);
        return LoraModel.wrap(model, OneLayer::visit);
    }

    private Block block() {
        boolean transposed = name.startsWith(TRANSPOSED);
        String kind = layer.get("kind").getAsString();
        return switch (transposed || name.startsWith(OWN) ? OWN + kind : kind) {
            case OWN + "linear" ->
                    OwnBlock.linear(
                            layer.get("units").getAsLong(),
                            layer.get("bias").getAsBoolean(),
                            transposed);
            case OWN + "embedding" ->
                    OwnBlock.embedding(
                            layer.get("rows").getAsLong(),
                            layer.get("columns").getAsLong(),
                            transposed);
            case "transposed" -> OwnBlock.linear(layer.get("units").getAsLong(), true, true);
            case "linear" ->
                    Linear.builder()
                            .setUnits(layer.get("units").getAsLong())
                            .optBias(layer.get("bias").getAsBoolean())
                            .build();
            case "embedding" ->
                    new TokenEmbedding(
                            layer.get("rows").getAsLong(), layer.get("columns").getAsLong());
            case "conv1d" -> convolution(Conv1d.builder()).build();
            case "conv2d" -> convolution(Conv2d.builder()).build();
            default -> throw new AssertionError(layer);
        };
    }

    private <B extends Convolution.ConvolutionBuilder<B>> B convolution(B builder) {
        return builder.setFilters(layer.get("filters").getAsInt())
                .setKernelShape(shape("kernel"))
                .optStride(shape("stride"))
                .optPadding(shape("padding"))
                .optGroups(layer.get("groups").getAsInt())
                .optBias(layer.get("bias").getAsBoolean());
    }

    private Shape shape(String field) {
        JsonArray values = layer.getAsJsonArray(field);
        Shape shape = new Shape();
        for (int i = 0; i < values.size(); i++) {
            shape = shape.add(values.get(i).getAsLong());
        }
        return shape;
    }
}
