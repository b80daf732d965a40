package dev.ligature.models.serving;

import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.BytesSupplier;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one batch of requests, whatever their adapters, and answers each. The adapters are held
 * until the batch is answered. Thread-safe.
 */
final class EncoderTranslator implements Translator<Input, Output> {
    private static final Logger LOG = LoggerFactory.getLogger(EncoderTranslator.class);
    private static final String BATCH = "ligature.batch";
    private static final String WRONG_NAME = "LoraAdapterName";
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int BROKEN = 500;
    private static final int BUSY = 503;

    private final EncoderTask task;
    private final @Nullable AdapterStore store;

    EncoderTranslator(EncoderTask task, @Nullable AdapterStore store) {
        this.task = task;
        this.store = store;
    }

    /** A request on its way: its rows of the batch, or its error. */
    private static final class Part {
        private @Nullable EncoderRequest request;
        private final List<long[]> ids = new ArrayList<>();
        private final List<Long> handles = new ArrayList<>();
        private @Nullable Output error;
    }

    /**
     * A batch on its way.
     *
     * @param parts the requests in their order
     * @param mask of the rows, fp32 (B, T); null if there are none
     */
    private record Batch(List<Part> parts, NDArray mask) {}

    @Override
    public NDList batchProcessInput(TranslatorContext context, List<Input> inputs) {
        NDManager manager = context.getNDManager();
        Map<String, AdapterLease> leases = new HashMap<>();
        List<Part> parts = new ArrayList<>();
        for (Input input : inputs) {
            parts.add(part(input, leases, manager));
        }
        List<long[]> ids = new ArrayList<>();
        List<Long> handles = new ArrayList<>();
        for (Part part : parts) {
            if (part.error == null) {
                ids.addAll(part.ids);
                handles.addAll(part.handles);
            }
        }
        if (ids.isEmpty()) { // DJL computes a batch even if all that is in it is wrong
            ids.add(new long[] {0});
            handles.add(0L);
        }
        NDList arrays = padded(ids, manager);
        context.setAttachment(BATCH, new Batch(parts, arrays.get(1)));
        NDArray last = manager.create(handles.stream().mapToLong(Long::longValue).toArray()); // (B)
        last.setName(Routing.INPUT);
        arrays.add(last);
        return arrays;
    }

    private Part part(Input input, Map<String, AdapterLease> leases, NDManager manager) {
        Part part = new Part();
        try {
            EncoderRequest request = EncoderRequest.read(input);
            for (String text : request.texts()) {
                part.ids.add(task.encode(text));
            }
            part.request = request;
            for (String adapter : request.adapters()) {
                part.handles.add(handle(adapter, leases, manager));
            }
        } catch (UnknownAdapterException e) {
            part.error = error(NOT_FOUND, e.getMessage());
        } catch (StoreFullException e) {
            part.error = error(BUSY, e.getMessage());
        } catch (LoraException e) {
            boolean isOfRequest = part.request == null || e.code().equals(WRONG_NAME);
            part.error = isOfRequest ? error(BAD_REQUEST, e.getMessage()) : unusable(e.code(), e);
        } catch (IOException e) {
            part.error = unusable(e instanceof CheckpointException c ? c.code() : "IOException", e);
        }
        return part;
    }

    /** Returns the error of an adapter that does not fit or cannot be read: the server's fault. */
    private static Output unusable(String code, Exception e) {
        LOG.warn("An adapter cannot be used", e);
        return error(BROKEN, "The adapter cannot be used [" + code + "]. The log says more.");
    }

    /** Returns an adapter's handle, and holds the adapter as long as the batch's arrays. */
    private long handle(String name, Map<String, AdapterLease> leases, NDManager manager)
            throws IOException {
        if (name.isEmpty()) {
            return 0;
        }
        if (store == null) {
            throw ModelMessage.SERVING_NO_ADAPTERS.unknownAdapter(name);
        }
        AdapterLease lease = leases.get(name);
        if (lease == null) {
            lease = store.lease(name);
            manager.attachInternal("lease-" + UUID.randomUUID(), lease);
            leases.put(name, lease);
        }
        return lease.adapter().handle();
    }

    /** Returns token ids (B, T), padded behind, and their mask, fp32 (B, T). */
    private static NDList padded(List<long[]> texts, NDManager manager) {
        int tokens = texts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        long[][] ids = new long[texts.size()][tokens];
        float[][] mask = new float[texts.size()][tokens];
        for (int row = 0; row < ids.length; row++) {
            System.arraycopy(texts.get(row), 0, ids[row], 0, texts.get(row).length);
            Arrays.fill(mask[row], 0, texts.get(row).length, 1);
        }
        return new NDList(manager.create(ids), manager.create(mask));
    }

    @Override
    public List<Output> batchProcessOutput(TranslatorContext context, NDList list) {
        Batch batch = (Batch) context.getAttachment(BATCH);
        List<JsonElement> results = task.results(list.get(0), batch.mask());
        List<Output> outputs = new ArrayList<>();
        int row = 0;
        for (Part part : batch.parts()) {
            if (part.error != null || part.request == null) {
                outputs.add(part.error);
                continue;
            }
            JsonArray own = new JsonArray();
            for (int i = 0; i < part.ids.size(); i++) {
                own.add(results.get(row++));
            }
            outputs.add(json(OK, "OK", part.request.isList() ? own : own.get(0)));
        }
        return outputs;
    }

    private static Output error(int code, @Nullable String message) {
        JsonObject body = new JsonObject();
        body.addProperty("code", code);
        body.addProperty("message", message);
        return json(code, String.valueOf(message), body);
    }

    private static Output json(int code, String message, JsonElement body) {
        Output output = new Output(code, message);
        output.addProperty("Content-Type", "application/json");
        output.add(BytesSupplier.wrap(body.toString()));
        return output;
    }

    @Override
    public NDList processInput(TranslatorContext context, Input input) {
        return batchProcessInput(context, List.of(input));
    }

    @Override
    public Output processOutput(TranslatorContext context, NDList list) {
        return batchProcessOutput(context, list).get(0);
    }
}
