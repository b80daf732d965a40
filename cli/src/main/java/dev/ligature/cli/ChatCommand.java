package dev.ligature.cli;

import dev.ligature.LoraException;
import dev.ligature.internal.files.HubCache;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.chat.Conversation;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.text.TextStream;
import dev.ligature.models.text.TextTokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Talks with a model. */
@Command(
        name = "chat",
        description = {
            "Talks with a chat model, by the chat template of its checkpoint.",
            "Each line of standard input is a message; the answers go to standard output as they"
                    + " are made. The line /clear begins anew."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ChatCommand implements Callable<Integer> {
    private static final String CLEAR = "/clear";

    private final Terminal terminal;
    private final StopSignal stop;

    @Mixin private ModelOptions options = new ModelOptions();

    @Option(
            names = "--system",
            paramLabel = "TEXT",
            description = "The system message that each conversation begins with.")
    private @Nullable String system;

    @Option(
            names = "--max-new-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "The most tokens of an answer. Default: 512.")
    private int maxNewTokens;

    @Mixin private SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--render",
            paramLabel = "FILE",
            description = {
                "Do not talk, but print what the template makes of the conversations in a JSONL file:"
                        + " an object with text, or error, for each. A line has messages, perhaps"
                        + " tools and add_generation_prompt (true), and other variables of the"
                        + " template. Only the template is read of the model."
            })
    private @Nullable Path render;

    ChatCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        OptionChecks.atLeast("--max-new-tokens", maxNewTokens, 1);
        sampling.check();
        ChatTemplate template = ChatTemplate.read(HubCache.snapshot(options.model));
        if (render != null) {
            int refused = ConversationLines.render(template, render, terminal.out());
            if (refused > 0) {
                terminal.note("conversations that were not rendered: " + refused);
            }
            return refused > 0 ? Failure.BAD_INPUT : 0;
        }
        try (LoadedModel loaded = LoadedModel.open(options)) {
            loaded.base().decoder(); // or it is an error, before anything else is
            loaded.warn(terminal);
            talk(loaded, template);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return 0;
    }

    private void talk(LoadedModel loaded, ChatTemplate template) throws IOException {
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<Map<String, String>> messages = new ArrayList<>();
        while (true) {
            if (terminal.interactive()) {
                terminal.err().print("> ");
                terminal.err().flush();
            }
            String line = input.readLine();
            if (line == null) {
                return;
            }
            if (line.isBlank()) {
                continue;
            }
            if (line.strip().equals(CLEAR)) {
                messages.clear();
                continue;
            }
            if (messages.isEmpty() && system != null) {
                messages.add(Conversation.message("system", system));
            }
            messages.add(Conversation.message("user", line));
            try {
                messages.add(Conversation.message("assistant", answer(loaded, template, messages)));
            } catch (LoraException | TooLongException e) { // of this message; others may be right
                terminal.note(String.valueOf(e.getMessage()));
                messages.remove(messages.size() - 1);
            }
        }
    }

    private String answer(
            LoadedModel loaded, ChatTemplate template, List<Map<String, String>> messages)
            throws IOException {
        TextTokenizer tokenizer = loaded.tokenizer();
        long[] ids = tokenizer.encode(template.render(Conversation.of(messages)).text());
        TokenIds.check(ids, loaded.vocabulary(), tokenizer);
        int room = loaded.base().decoder().maxPositions() - ids.length;
        if (room < 1) {
            throw new TooLongException(
                    "The conversation has "
                            + ids.length
                            + " tokens, and the model has "
                            + loaded.base().decoder().maxPositions()
                            + " positions. Write less, or begin anew with the line "
                            + CLEAR
                            + ".");
        }
        TextStream stream = new TextStream(tokenizer, ids);
        StringBuilder answer = new StringBuilder();
        GenerationOptions how =
                sampling.on(
                        GenerationOptions.greedy(Math.min(maxNewTokens, room))
                                .withStopIds(loaded.tokens().stops()));
        TextGenerator.of(loaded.base(), loaded.routing())
                .generate(List.of(ids), how, (row, id) -> say(answer, stream.add(id)));
        say(answer, stream.finish());
        terminal.out().println();
        terminal.flush();
        return answer.toString();
    }

    private void say(StringBuilder answer, String text) {
        answer.append(text);
        terminal.print(text, stop);
    }

    /** A conversation that leaves no room for an answer. */
    private static final class TooLongException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLongException(String message) {
            super(message);
        }
    }
}
