package dev.ligature.models.onnx;

import dev.ligature.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is needed of an ONNX file: weights, nodes and constants.
 *
 * @param initializers the weights by name
 * @param nodes the nodes, in their order
 */
record OnnxGraph(Map<String, OnnxTensor> initializers, List<Node> nodes) {
    private static final int GRAPH = 7;
    private static final int NODE = 1;
    private static final int INITIALIZER = 5;

    /**
     * One operation.
     *
     * @param name its name, a path
     * @param operator what it does, {@code MatMul} for one
     * @param inputs the names of what it reads
     * @param value the value of a {@code Constant}; empty of others
     */
    record Node(String name, String operator, List<String> inputs, List<OnnxTensor> value) {
        private static final int INPUT = 1;
        private static final int NAME = 3;
        private static final int OPERATOR = 4;
        private static final int ATTRIBUTE = 5;
        private static final int ATTRIBUTE_TENSOR = 5;

        private static Node read(ProtoReader reader) throws CheckpointException {
            String name = "";
            String operator = "";
            List<String> inputs = new ArrayList<>();
            List<OnnxTensor> value = new ArrayList<>();
            while (reader.next()) {
                switch (reader.field()) {
                    case INPUT -> inputs.add(reader.text());
                    case NAME -> name = reader.text();
                    case OPERATOR -> operator = reader.text();
                    case ATTRIBUTE -> {
                        ProtoReader attribute = reader.message();
                        while (attribute.next()) {
                            if (attribute.field() == ATTRIBUTE_TENSOR) {
                                value.add(OnnxTensor.read(attribute.message()));
                            }
                        }
                    }
                    default -> {
                        // none is needed
                    }
                }
            }
            return new Node(name, operator, inputs, value);
        }
    }

    /**
     * Reads a file.
     *
     * @param origin the file, for messages
     * @param bytes its bytes, which the tensors keep
     */
    static OnnxGraph read(String origin, ByteBuffer bytes) throws CheckpointException {
        Map<String, OnnxTensor> initializers = new LinkedHashMap<>();
        List<Node> nodes = new ArrayList<>();
        ProtoReader model = new ProtoReader(origin, bytes);
        while (model.next()) {
            if (model.field() != GRAPH) {
                continue;
            }
            ProtoReader graph = model.message();
            while (graph.next()) {
                if (graph.field() == NODE) {
                    nodes.add(Node.read(graph.message()));
                } else if (graph.field() == INITIALIZER) {
                    OnnxTensor tensor = OnnxTensor.read(graph.message());
                    initializers.put(tensor.name(), tensor);
                }
            }
        }
        return new OnnxGraph(initializers, nodes);
    }
}
