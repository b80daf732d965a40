package dev.ligature.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.StoreFullException;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A loaded model that answers conversations, shared by any number of {@link LigatureChatModel} and
 * {@link LigatureStreamingChatModel}: requests that come at the same time are computed in one
 * batch, each through its own adapter.
 *
 * <pre>{@code
 * try (PretrainedModel model = PretrainedModel.load(directory);
 *         AdapterStore store = model.openAdapters(adapters, 1L << 30, AdapterLoadOptions.defaults());
 *         ChatEngine engine = ChatEngine.open(model, store, "base")) {
 *     ChatModel chat = LigatureChatModel.builder().engine(engine).modelName("legal").build();
 *     String answer = chat.chat("Hello!");
 * }
 * }</pre>
 *
 * <p>The model's name of a request is that of an adapter in the store, or the base's. An adapter is
 * loaded when it is first asked for, and stays in memory while a request uses it. Thread-safe.
 */
public final class ChatEngine implements AutoCloseable {
    /** How many texts an engine computes together, if it is not told another number. */
    public static final int DEFAULT_BATCH = 8;

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final PretrainedModel model;
    private final @Nullable AdapterStore store;
    private final String baseName;
    private final ChatTemplate template;
    private final TextTokenizer tokenizer;
    private final GenerationLoop loop;
    private final Semaphore places;
    private final ExecutorService streams =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "ligature-stream");
                        thread.setDaemon(true);
                        return thread;
                    });

    private final Object releasing = new Object();
    private int held; // leases of requests; guarded by releasing

    private ChatEngine(
            PretrainedModel model, @Nullable AdapterStore store, String baseName, int batch)
            throws IOException {
        this.model = model;
        this.store = store;
        this.baseName = baseName;
        this.template = ChatTemplate.read(model.directory());
        this.tokenizer = model.tokenizer();
        this.places = new Semaphore(batch, true);
        this.loop =
                new GenerationLoop(
                        new RunningBatch(
                                adapters -> model.lora().routed(Routing.rows(adapters)),
                                model.decoder(),
                                model.manager()));
    }

    /**
     * Opens an engine for the base alone.
     *
     * @param model a decoder with a chat template and a tokenizer, which must stay open
     * @throws LoraException if the model is not a decoder
     * @throws IOException if the checkpoint has no chat template ({@code ChatTemplateMissing}) or
     *     no tokenizer
     */
    public static ChatEngine open(PretrainedModel model) throws IOException {
        return new ChatEngine(Objects.requireNonNull(model, "model"), null, "base", DEFAULT_BATCH);
    }

    /**
     * Opens an engine.
     *
     * @param model a decoder with a chat template and a tokenizer, which must stay open
     * @param store the adapters, by the names that requests have for them; must stay open
     * @param baseName what requests call the base
     * @throws LoraException if the model is not a decoder
     * @throws IOException if the checkpoint has no chat template ({@code ChatTemplateMissing}) or
     *     no tokenizer
     */
    public static ChatEngine open(PretrainedModel model, AdapterStore store, String baseName)
            throws IOException {
        return open(model, store, baseName, DEFAULT_BATCH);
    }

    /**
     * Opens an engine.
     *
     * @param model a decoder with a chat template and a tokenizer, which must stay open
     * @param store the adapters, by the names that requests have for them; must stay open
     * @param baseName what requests call the base
     * @param batch the most answers that are computed together; further ones wait
     * @throws LoraException if the model is not a decoder
     * @throws IllegalArgumentException if {@code batch} is not positive
     * @throws IOException if the checkpoint has no chat template ({@code ChatTemplateMissing}) or
     *     no tokenizer
     */
    public static ChatEngine open(
            PretrainedModel model, AdapterStore store, String baseName, int batch)
            throws IOException {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(store, "store");
        Objects.requireNonNull(baseName, "baseName");
        if (batch < 1) {
            throw new IllegalArgumentException(
                    "batch is " + batch + "; it must be positive. Give 1 or more.");
        }
        return new ChatEngine(model, store, baseName, batch);
    }

    /** Returns what requests call the base. */
    public String baseName() {
        return baseName;
    }

    TextTokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Begins an answer, and waits for a place and for the adapter before.
     *
     * @throws LangChain4jException if there is no such adapter, it cannot be used, or the template
     *     refuses the conversation
     * @throws IllegalStateException if the engine or its model is closed
     */
    Answer begin(ChatQuestion question) {
        loop.checkOpen();
        ChatFailure.checkOpen(model);
        boolean begun = false;
        try {
            places.acquire();
            AdapterLease lease = null;
            try {
                long[] prompt = prompt(question);
                GenerationOptions options = options(question, prompt.length);
                lease = lease(question.model());
                AdapterLease held = lease;
                Answer answer =
                        new Answer(
                                this,
                                question,
                                prompt,
                                options,
                                held == null ? Routing.BASE : held.routedName(),
                                () -> end(held));
                loop.submit(answer.growth());
                begun = true;
                return answer;
            } finally {
                if (!begun) {
                    end(lease);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LangChain4jException("interrupted before an answer began", e);
        }
    }

    private void end(@Nullable AdapterLease lease) {
        if (lease != null) {
            lease.close();
            synchronized (releasing) {
                held--;
                releasing.notifyAll();
            }
        }
        places.release();
    }

    private long[] prompt(ChatQuestion question) {
        try {
            return tokenizer.encode(template.render(question.conversation()).text());
        } catch (LoraException e) {
            throw ChatFailure.ofRequest(e);
        }
    }

    private GenerationOptions options(ChatQuestion question, int prompt) {
        int most = model.decoder().maxPositions();
        int asked = question.maxTokens();
        int tokens = asked < 0 ? Math.max(1, most - prompt) : asked;
        if ((long) prompt + tokens > most) {
            throw ChatFailure.tooLong(prompt, tokens, most);
        }
        try {
            return GenerationOptions.greedy(tokens)
                    .withSampling(question.sampling())
                    .withSeed(question.seed())
                    .withStopIds(model.tokens().stops());
        } catch (LoraException e) {
            throw ChatFailure.ofRequest(e);
        }
    }

    /** Leases an adapter, when there is room for it beside those of other requests. */
    private @Nullable AdapterLease lease(String name) throws InterruptedException {
        if (name.equals(baseName)) {
            return null;
        }
        if (store == null) {
            throw ChatFailure.noAdapters(name, baseName);
        }
        while (true) {
            int others;
            synchronized (releasing) {
                others = held;
            }
            try {
                AdapterLease lease = store.lease(name);
                synchronized (releasing) {
                    held++;
                }
                return lease;
            } catch (StoreFullException e) {
                awaitRelease(others, e);
            } catch (IOException | LoraException e) {
                throw ChatFailure.ofAdapter(name, e);
            }
        }
    }

    private void awaitRelease(int before, StoreFullException full) throws InterruptedException {
        synchronized (releasing) {
            if (held == 0 && before == 0) {
                throw ChatFailure.full(full); // others than this engine's requests hold the room
            }
            long until =
                    System.nanoTime() + RETRY_NANOS; // a lease of the application's may end, too
            for (long left = RETRY_NANOS;
                    held >= before && left > 0;
                    left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(releasing, left);
            }
        }
    }

    /** Runs what gives an answer on to a handler; at once if the engine is closed, to say so. */
    void stream(Runnable task) {
        try {
            streams.execute(task);
        } catch (RejectedExecutionException e) {
            task.run(); // finds the engine closed
        }
    }

    /** Ends answers under way with an error, and refuses further ones. */
    @Override
    public void close() {
        loop.close();
        streams.shutdown();
    }
}
