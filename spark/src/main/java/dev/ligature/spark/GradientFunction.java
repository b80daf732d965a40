package dev.ligature.spark;

import java.io.IOException;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/** What Spark sends to executors for {@link SparkExchange}: values alone. */
final class GradientFunction implements Function<byte[], byte[]> {
    private static final long serialVersionUID = 1;

    private final String id;
    private final ReplicaMaker maker;
    private final String operators;
    private final Broadcast<byte[]> parameters;

    GradientFunction(
            String id, ReplicaMaker maker, String operators, Broadcast<byte[]> parameters) {
        this.id = id;
        this.maker = maker;
        this.operators = operators;
        this.parameters = parameters;
    }

    @Override
    public byte[] call(byte[] part) throws IOException {
        return Replicas.get().compute(id, maker, operators, parameters.value(), part);
    }
}
