package dev.ligature.langchain4j;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.store.AdapterStore;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TokenBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The demo's base with a chat template, adapters for it on disk, and an engine over both. */
final class ChatFixture implements AutoCloseable {
    /** A template that shows what it is given. */
    private static final String TEMPLATE =
            "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}"
                    + "<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}{{ '\\n' }}{% endfor %}"
                    + "{% for t in tools or [] %}{{ t.function|tojson }}{{ '\\n' }}{% endfor %}"
                    + "{{ style|default('assistant') }}: ";

    final PretrainedModel model;
    final AdapterStore store;
    final ChatEngine engine;

    ChatFixture(Path folder) throws IOException {
        Path base = Files.createDirectory(folder.resolve("base"));
        try (Stream<Path> files = Files.list(Path.of("..", "examples", "demo", "base"))) {
            for (Path file : files.toList()) {
                Files.copy(file, base.resolve(file.getFileName()));
            }
        }
        Files.writeString(base.resolve("chat_template.jinja"), TEMPLATE);
        model = PretrainedModel.load(base, LoadOptions.defaults().withDataType(DataType.FLOAT32));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        for (String name : List.of("alpha", "beta")) {
            model.lora()
                    .create(
                            name,
                            LoraConfig.builder()
                                    .setTargetModules("q_proj", "v_proj")
                                    .optInit(LoraInit.RANDOM)
                                    .build(),
                            name.hashCode());
            model.lora().save(name, adapters.resolve(name));
            model.lora().remove(name);
        }
        store = model.openAdapters(adapters, 1 << 26, AdapterLoadOptions.defaults());
        engine = ChatEngine.open(model, store, "base", 4);
    }

    /** Returns what a text is gone on with, computed without engine, store or batch. */
    String alone(String adapter, String text, int tokens) throws IOException {
        long[] prompt = model.tokenizer().encode(text);
        boolean isBase = adapter.equals("base");
        if (!isBase) {
            model.lora().load("alone", model.directory().resolveSibling("adapters/" + adapter));
        }
        try {
            Routing routing = isBase ? Routing.none() : Routing.of("alone");
            GenerationOptions options =
                    GenerationOptions.greedy(tokens).withStopIds(model.tokens().stops());
            return model.tokenizer()
                    .continuation(
                            prompt,
                            TextGenerator.of(model, routing)
                                    .generate(List.of(prompt), options, TokenListener.NONE)
                                    .get(0));
        } finally {
            if (!isBase) {
                model.lora().remove("alone");
            }
        }
    }

    /** What a model is to answer to a request. */
    record Lesson(ChatRequest request, String answer) {}

    /** Trains an adapter until it gives the answers, and publishes it. */
    void teach(String name, List<Lesson> lessons) throws IOException {
        Adapter adapter =
                model.lora()
                        .create(
                                "learning",
                                LoraConfig.builder()
                                        .setTargetModules(
                                                "q_proj",
                                                "k_proj",
                                                "v_proj",
                                                "o_proj",
                                                "up_proj",
                                                "down_proj",
                                                "gate_proj")
                                        .optRank(16)
                                        .optLoraAlpha(32)
                                        .build(),
                                1);
        TrainingConfig config = TrainingConfig.builder().optLearningRate(1e-2).build();
        try (NDManager scope = model.manager().newSubManager();
                TrainingLoop loop =
                        TrainingLoop.over(
                                model.lora().routed(Routing.of(adapter.name())),
                                model.manager(),
                                config)) {
            TokenBatch batch = batch(lessons, scope);
            double loss = Double.MAX_VALUE;
            for (int step = 0; step < 300 && loss > 0.02; step++) {
                loss = loop.step(List.of(batch)).loss();
            }
            if (loss > 0.05) {
                throw new AssertionError("not learnt: the loss is " + loss);
            }
        }
        store.publish(name, adapter);
        model.lora().remove("learning");
    }

    private TokenBatch batch(List<Lesson> lessons, NDManager scope) throws IOException {
        ChatTemplate template = ChatTemplate.read(model.directory());
        List<long[]> prompts =
                lessons.stream()
                        .map(lesson -> ChatQuestion.of(lesson.request(), "base"))
                        .map(question -> template.render(question.conversation()).text())
                        .map(text -> tokens(text))
                        .toList();
        List<long[]> answers = lessons.stream().map(lesson -> tokens(lesson.answer())).toList();
        int stop = model.tokens().stops().get(0);
        int length = 0;
        for (int i = 0; i < lessons.size(); i++) {
            length = Math.max(length, prompts.get(i).length + answers.get(i).length + 1);
        }
        long[] ids = new long[lessons.size() * length];
        long[] labels = new long[ids.length];
        Arrays.fill(ids, stop);
        Arrays.fill(labels, NextTokenLoss.IGNORED);
        for (int i = 0; i < lessons.size(); i++) {
            long[] prompt = prompts.get(i);
            long[] answer = answers.get(i);
            System.arraycopy(prompt, 0, ids, i * length, prompt.length);
            System.arraycopy(answer, 0, ids, i * length + prompt.length, answer.length);
            int first = i * length + prompt.length;
            System.arraycopy(answer, 0, labels, first, answer.length);
            labels[first + answer.length] = stop;
        }
        Shape shape = new Shape(lessons.size(), length);
        return new TokenBatch(scope.create(ids, shape), scope.create(labels, shape));
    }

    private long[] tokens(String text) {
        try {
            return model.tokenizer().encode(text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        engine.close();
        store.close();
        model.close();
    }
}
