package dev.ligature.examples;

import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.server.CompletionServer;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Serves two tenants with one base model: each names its own adapter as the model of its requests,
 * and requests of both share the batch that is running.
 */
public final class ServeTwoTenants {
    private static final long ADAPTER_BYTES = 64L << 20;

    private ServeTwoTenants() {}

    /**
     * Runs the example.
     *
     * @param args the base model's directory, a directory with a folder for each adapter, and the
     *     names of two of them
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        run(Path.of(args[0]), Path.of(args[1]), List.of(args[2], args[3]))
                .forEach(System.out::println);
    }

    /**
     * Starts a server, sends a request for each tenant, and stops it.
     *
     * @param base a Hugging Face directory with its tokenizer
     * @param adapters has a folder for each adapter, as PEFT saves one
     * @param tenants the adapters of the tenants
     * @return the answer to each tenant, JSON as OpenAI's API has it
     */
    static List<String> run(Path base, Path adapters, List<String> tenants)
            throws IOException, InterruptedException {
        // The store loads adapters when they are first asked for and evicts the least recently
        // used ones.
        try (PretrainedModel model = PretrainedModel.load(base);
                AdapterStore store =
                        model.openAdapters(
                                adapters, ADAPTER_BYTES, AdapterLoadOptions.defaults())) {
            CompletionServer server =
                    CompletionServer.start(
                            LanguageModel.of(model),
                            store,
                            "base",
                            new ServerAddress("127.0.0.1", 0), // any free port
                            ServerLimits.DEFAULTS);
            try {
                List<String> answers = new ArrayList<>();
                for (String tenant : tenants) {
                    answers.add(complete(server.port(), tenant, "public class "));
                }
                return answers;
            } finally {
                server.stop();
            }
        }
    }

    private static String complete(int port, String model, String prompt)
            throws IOException, InterruptedException {
        String body =
                String.format(
                        "{\"model\": \"%s\", \"prompt\": \"%s\", \"max_tokens\": 8,"
                                + " \"temperature\": 0}",
                        model, prompt);
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/completions"))
                        .header("content-type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    }
}
