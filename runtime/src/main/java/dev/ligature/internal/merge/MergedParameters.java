package dev.ligature.internal.merge;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import dev.ligature.internal.adapter.AdapterMessage;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Iterator;

/** The parameters of a merged model as DJL lists and saves them: sums in place of the base's. */
final class MergedParameters {
    private final Block base;
    private final IdentityHashMap<Parameter, NDArray> merged;
    private final IdentityHashMap<Parameter, Parameter> shown = new IdentityHashMap<>();

    /**
     * Makes a parameter of each sum.
     *
     * @param merged the sums by the parameters of the base
     */
    MergedParameters(Block base, IdentityHashMap<Parameter, NDArray> merged) {
        this.base = base;
        this.merged = merged;
        merged.forEach((parameter, array) -> shown.put(parameter, of(parameter, array)));
    }

    private static Parameter of(Parameter parameter, NDArray array) {
        Parameter sum =
                Parameter.builder()
                        .setName(parameter.getName())
                        .setType(parameter.getType())
                        .optShape(array.getShape())
                        .optInitializer((manager, shape, type) -> array)
                        .build();
        sum.freeze(true);
        sum.initialize(array.getManager(), array.getDataType());
        return sum;
    }

    /** Returns a list of the base's parameters with the merged ones. */
    ParameterList list(ParameterList ofBase) {
        ParameterList list = new ParameterList();
        for (Pair<String, Parameter> named : ofBase) {
            list.add(named.getKey(), shown.getOrDefault(named.getValue(), named.getValue()));
        }
        return list;
    }

    /** Writes what the base writes of its parameters, with the sums in it. */
    void save(DataOutputStream stream) throws IOException {
        Merging merging = new Merging(stream);
        base.saveParameters(merging);
        merging.flush();
        if (merging.next.hasNext()) {
            throw AdapterMessage.MERGED_SAVE.error(merging.next.next().getName());
        }
    }

    /**
     * Writes sums in place of the arrays that a block writes of its parameters. A block writes
     * through {@code Parameter.save}, which has no place for another array.
     */
    private final class Merging extends DataOutputStream {
        private static final byte[] ARRAY = {0, 4, 'N', 'D', 'A', 'R'}; // how DJL begins an array

        private final Iterator<Parameter> next =
                base.getParameters().values().stream().filter(Parameter::isInitialized).iterator();

        Merging(OutputStream out) {
            super(out);
        }

        @Override
        public synchronized void write(byte[] bytes, int from, int length) throws IOException {
            if (!Arrays.equals(
                    ARRAY, 0, ARRAY.length, bytes, from, from + Math.min(length, ARRAY.length))) {
                super.write(bytes, from, length);
                return;
            }
            Parameter parameter = next.next();
            NDArray sum = merged.get(parameter);
            if (sum == null) {
                super.write(bytes, from, length);
                return;
            }
            byte[] expected = parameter.getArray().encode();
            if (!Arrays.equals(expected, 0, expected.length, bytes, from, from + length)) {
                throw AdapterMessage.MERGED_SAVE.error(parameter.getName());
            }
            byte[] encoded = sum.encode();
            super.write(encoded, 0, encoded.length);
        }
    }
}
