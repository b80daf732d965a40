package dev.ligature.models.chat;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.internal.jinja.Limits;
import dev.ligature.models.internal.jinja.None;
import dev.ligature.models.internal.jinja.Rendered;
import dev.ligature.models.internal.jinja.Template;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chat template of a checkpoint: it makes the text of a conversation that the model was trained
 * on. Texts equal those of {@code apply_chat_template} in Transformers.
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.read(directory);
 * ChatText prompt = template.render(Conversation.of(List.of(Conversation.message("user", "Hello!"))));
 * long[] ids = tokenizer.encode(prompt.text());
 * }</pre>
 *
 * <p>A template is a program in Jinja by a stranger. It reaches the conversation and nothing else,
 * cannot change it, and its steps and the size of its text are limited. Thread-safe.
 */
public final class ChatTemplate {
    private static final String DEFAULT = "default";
    private static final String WITH_TOOLS = "tool_use";

    private final String origin;
    private final Map<String, Template> templates;
    private final Map<String, String> specialTokens;
    private final Clock clock;

    private ChatTemplate(
            String origin,
            Map<String, Template> templates,
            Map<String, String> specialTokens,
            Clock clock) {
        this.origin = origin;
        this.templates = templates;
        this.specialTokens = Map.copyOf(specialTokens);
        this.clock = clock;
    }

    /**
     * Reads the template of a checkpoint: {@code chat_template.jinja} or, without it, the field
     * {@code chat_template} of {@code tokenizer_config.json}. The special tokens are those of
     * {@code tokenizer_config.json}.
     *
     * @param directory the checkpoint's directory
     * @throws CheckpointException if there is no template ({@code ChatTemplateMissing}), or it is
     *     wrong ({@code ChatTemplate})
     * @throws IOException if a file cannot be read
     */
    public static ChatTemplate read(Path directory) throws IOException {
        return find(directory)
                .orElseThrow(() -> ModelMessage.CHAT_TEMPLATE_MISSING.fileError(directory));
    }

    /**
     * Reads the template of a checkpoint, which may have none.
     *
     * @param directory the checkpoint's directory
     * @throws IOException as {@link #read} does
     */
    public static Optional<ChatTemplate> find(Path directory) throws IOException {
        TemplateFiles files = TemplateFiles.read(directory);
        if (files.sources().isEmpty()) {
            return Optional.empty();
        }
        Map<String, Template> templates = new LinkedHashMap<>();
        for (Map.Entry<String, String> source : files.sources().entrySet()) {
            try {
                templates.put(source.getKey(), Template.parse(source.getValue()));
            } catch (JinjaException e) {
                throw ModelMessage.CHAT_TEMPLATE.fileErrorFrom(
                        e, files.origin(), e.line(), e.text());
            }
        }
        return Optional.of(
                new ChatTemplate(
                        files.origin(),
                        templates,
                        files.specialTokens(),
                        Clock.system(ZoneId.systemDefault())));
    }

    /**
     * Returns a template of a text.
     *
     * @param source the template, in Jinja
     * @param specialTokens the variables that stand for special tokens, such as {@code bos_token}
     * @throws LoraException {@code ChatTemplate} if the template is wrong
     */
    public static ChatTemplate of(String source, Map<String, String> specialTokens) {
        try {
            return new ChatTemplate(
                    "the chat template",
                    Map.of(DEFAULT, Template.parse(source)),
                    specialTokens,
                    Clock.system(ZoneId.systemDefault()));
        } catch (JinjaException e) {
            throw ModelMessage.CHAT_TEMPLATE.error("the chat template", e.line(), e.text());
        }
    }

    /**
     * Returns this template with another clock, which templates that write the date ask.
     *
     * @param other the clock
     */
    public ChatTemplate withClock(Clock other) {
        return new ChatTemplate(origin, templates, specialTokens, other);
    }

    /**
     * Renders a conversation.
     *
     * @param conversation the conversation
     * @throws LoraException {@code ChatRefused} if the template refuses the conversation, with its
     *     own words, such as roles that do not alternate; {@code ChatTemplate} if it fails; {@code
     *     ChatValue} if the conversation has a value that JSON has not
     */
    public ChatText render(Conversation conversation) {
        Map<String, Object> variables = new LinkedHashMap<>(specialTokens);
        conversation
                .variables()
                .forEach((name, value) -> variables.put(name, TemplateValues.of(value, name)));
        variables.put("messages", TemplateValues.of(conversation.messages(), "messages"));
        variables.put("tools", TemplateValues.of(conversation.tools(), "tools"));
        variables.putIfAbsent("documents", None.NONE);
        variables.put("add_generation_prompt", conversation.asksForAnswer());
        try {
            Rendered rendered =
                    template(conversation)
                            .render(variables, ZonedDateTime.now(clock), Limits.DEFAULT);
            return new ChatText(
                    rendered.text(),
                    rendered.generated().stream()
                            .map(span -> new ChatText.Part(span.begin(), span.end()))
                            .toList());
        } catch (JinjaException e) {
            throw e.isRaised()
                    ? ModelMessage.CHAT_REFUSED.error(origin, e.text())
                    : ModelMessage.CHAT_TEMPLATE.error(origin, e.line(), e.text());
        }
    }

    /**
     * Returns whether the template of a conversation marks the parts of the model, with {@code
     * generation} blocks.
     */
    public boolean marksGenerated(Conversation conversation) {
        return template(conversation).marksGenerated();
    }

    private Template template(Conversation conversation) {
        List<?> tools = conversation.tools();
        Template withTools = templates.get(WITH_TOOLS);
        if (tools != null && withTools != null) {
            return withTools;
        }
        Template chosen = templates.get(DEFAULT);
        if (chosen == null) {
            throw ModelMessage.CHAT_TEMPLATE.error(
                    origin,
                    1,
                    "there is no template with the name default, only "
                            + String.join(", ", templates.keySet()));
        }
        return chosen;
    }
}
