package dev.ligature.cli.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.PretrainedModel;
import dev.ligature.server.CompletionServer;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterStore;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server's page in Chromium, used with the keyboard. */
final class PageBrowserTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final String PROMPT = "public int max(";
    private static final int TAB = 9;
    private static final int ENTER = 13;
    private static final int ESCAPE = 27;
    private static final int CTRL = 2;
    private static final Set<String> ROLES =
            Set.of("textbox", "searchbox", "checkbox", "button", "spinbutton");

    @TempDir Path folder;

    private PretrainedModel model;
    private AdapterStore store;
    private CompletionServer server;

    private Tab open(ServerAccess access) throws Exception {
        model = PretrainedModel.load(MODEL);
        LoraModel lora = model.lora();
        Path adapters = Files.createDirectories(folder.resolve("adapters"));
        for (String name : List.of("kotlin", "legal")) {
            LoraConfig config =
                    LoraConfig.builder()
                            .setTargetModules("q_proj", "v_proj")
                            .optInit(LoraInit.RANDOM)
                            .optLoraAlpha(64)
                            .build();
            lora.create("written", config, name.length());
            lora.save("written", adapters.resolve(name));
            lora.remove("written");
        }
        store = model.openAdapters(adapters, 1 << 26, AdapterLoadOptions.defaults());
        start(0, access);
        Tab tab = Chromium.open(folder);
        tab.go(url() + "/");
        return tab;
    }

    private void start(int port, ServerAccess access) throws Exception {
        server =
                CompletionServer.start(
                        TaskModel.of(model),
                        store,
                        "base",
                        new ServerAddress("127.0.0.1", port),
                        new ServerLimits(8, 8, 400, 100_000, 60, 5),
                        access);
    }

    @AfterEach
    void close() throws Exception {
        if (server != null) {
            server.stop();
            store.close();
            model.close();
        }
    }

    private String url() {
        return "http://127.0.0.1:" + server.port();
    }

    private String completion(String name) throws Exception {
        JsonObject body = new JsonObject();
        body.addProperty("model", name);
        body.addProperty("prompt", PROMPT);
        body.addProperty("max_tokens", 64);
        body.addProperty("temperature", 0);
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(url() + "/v1/completions"))
                        .header("content-type", "application/json")
                        .POST(BodyPublishers.ofString(body.toString()))
                        .build();
        HttpResponse<String> answer =
                HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        return JsonParser.parseString(answer.body())
                .getAsJsonObject()
                .getAsJsonArray("choices")
                .get(0)
                .getAsJsonObject()
                .get("text")
                .getAsString();
    }

    private static String answer(Tab tab, String name) throws Exception {
        return tab.text(
                "document.querySelector('[aria-labelledby=\"answer-"
                        + name
                        + "\"] pre').textContent");
    }

    @Test
    void aPrompt_isAnsweredByAllModelsSideBySide_withTheKeyboardAlone() throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.activeElement.id === 'prompt'");
            tab.type(PROMPT);
            tab.press("Enter", ENTER, CTRL);
            tab.await("document.querySelectorAll('.answer[aria-busy=false]').length === 3");
            for (String name : List.of("base", "kotlin", "legal")) {
                assertEquals(PROMPT + completion(name), answer(tab, name));
            }
            assertFalse(answer(tab, "base").equals(answer(tab, "kotlin")));
            String said = tab.text("document.querySelector('[role=status]').textContent");
            assertTrue(said.matches("(base|kotlin|legal): \\d+ tokens in .*"), said);
            tab.await(
                    "document.querySelectorAll('.loaded').length === 3"); // base, and what was used
            String tie =
                    tab.text(
                            "[...document.querySelectorAll('#modules tr')].find(row =>"
                                    + " row.cells[0].textContent === 'lm_head').cells[3].textContent");
            assertEquals("model.embed_tokens", tie);
            for (String address : tab.requests()) {
                assertTrue(address.startsWith(url()) || address.startsWith("data:"), address);
            }
            assertEquals(List.of(), tab.problems());
        }
    }

    @Test
    void thePage_fitsAndCanBeRead_andEverythingOnItHasAName() throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.querySelector('#modules tr')");
            tab.type(PROMPT);
            tab.press("Enter", ENTER, CTRL);
            tab.await("document.querySelectorAll('.answer[aria-busy=false]').length === 3");
            tab.value(Chromium.checks());
            for (int width : new int[] {390, 1280}) {
                for (String scheme : List.of("light", "dark")) {
                    tab.look(width, scheme);
                    JsonArray found =
                            tab.value(
                                            "(() => { const problems = []; const places ="
                                                    + " checkTexts(window, "
                                                    + width
                                                    + ", text => problems.push(text)); return"
                                                    + " [places, ...problems]; })()")
                                    .getAsJsonArray();
                    assertTrue(found.get(0).getAsInt() > 40, found::toString);
                    assertEquals(1, found.size(), width + ", " + scheme + ": " + found);
                    Path pictures = Files.createDirectories(Path.of("target", "pictures"));
                    tab.screenshot(pictures.resolve(width + "-" + scheme + ".png"));
                }
            }
            assertNamed(tab, 8); // models, prompt, settings, buttons
            assertEquals(
                    "[]",
                    tab.value(
                                    "[...document.querySelectorAll('button, input:not([type=checkbox]),"
                                            + " textarea, #models label')].filter(each =>"
                                            + " each.offsetParent && each.offsetHeight < 40)"
                                            + ".map(each => each.outerHTML)")
                            .toString(),
                    "what is touched is large enough");
        }
    }

    private static void assertNamed(Tab tab, int most) throws Exception {
        int controls = 0;
        for (JsonElement each :
                tab.send("Accessibility.getFullAXTree", "{}").getAsJsonArray("nodes")) {
            JsonObject node = each.getAsJsonObject();
            if (node.get("ignored").getAsBoolean() || !node.has("role")) {
                continue;
            }
            if (ROLES.contains(node.getAsJsonObject("role").get("value").getAsString())) {
                controls++;
                String name = node.getAsJsonObject("name").get("value").getAsString();
                assertFalse(name.isBlank(), node::toString);
            }
        }
        assertTrue(controls >= most, controls + " controls");
        assertEquals(
                "[]",
                tab.value(
                                "[...document.querySelectorAll('input, textarea, select')]"
                                        + ".filter(each => !each.labels.length)"
                                        + ".map(each => each.outerHTML)")
                        .toString(),
                "what is hidden has a label too");
    }

    @Test
    void theKeyboard_reachesEverything_andEscapeStopsWhatIsUnderWay() throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.querySelector('#modules tr')");
            StringBuilder reached = new StringBuilder();
            tab.value("document.activeElement.blur()");
            for (int i = 0; i < 14; i++) {
                tab.press("Tab", TAB, 0);
                reached.append(
                        tab.text(
                                "(document.activeElement.value ?? '') + '#' +"
                                        + " document.activeElement.id + ' '"));
            }
            for (String stop :
                    List.of(
                            "base#",
                            "kotlin#",
                            "legal#",
                            "#prompt",
                            "#tokens",
                            "#temperature",
                            "#send",
                            "#modules")) {
                assertTrue(reached.toString().contains(stop), reached.toString());
            }
            tab.value("document.getElementById('tokens').value = 400");
            tab.value("document.getElementById('prompt').focus()");
            tab.type(PROMPT);
            tab.press("Enter", ENTER, CTRL);
            tab.await("document.querySelector('.answer pre').textContent.length > 20");
            tab.press("Escape", ESCAPE, 0);
            tab.await("document.querySelectorAll('.answer[aria-busy=false]').length === 3");
            assertEquals("Stopped", tab.text("document.querySelector('.answer p').textContent"));
            tab.await(
                    "[...document.querySelectorAll('#load dd')][0].textContent.startsWith('0 of')");
        }
    }

    private ServerAccess keys() throws Exception {
        Path keys = folder.resolve("keys.json");
        byte[] hash =
                MessageDigest.getInstance("SHA-256")
                        .digest("the-key".getBytes(StandardCharsets.UTF_8));
        Files.writeString(
                keys,
                "{\"acme\":{\"models\":[\"legal\"],\"sha256\":\""
                        + HexFormat.of().formatHex(hash)
                        + "\"}}");
        return new ServerAccess(keys, null, null, null);
    }

    private static void awaitProblem(Tab tab, String part) throws Exception {
        tab.await(
                "!document.getElementById('problem').hidden &&"
                        + " document.getElementById('problem').textContent.includes('"
                        + part
                        + "')");
    }

    @Test
    void aServerThatAnswersAgain_isNotSaidToBeSilent_andOneThatAsksForAKeyIsGivenIt()
            throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.querySelector('#modules tr')");
            int port = server.port();
            server.stop();
            awaitProblem(tab, "does not answer");
            start(port, ServerAccess.OPEN);
            tab.await("document.getElementById('problem').hidden");
            server.stop();
            start(port, keys());
            awaitProblem(tab, "needs a key");
            assertFalse(tab.value("document.getElementById('key-form').hidden").getAsBoolean());
            tab.value("document.getElementById('key').focus()");
            tab.type("the-key");
            tab.press("Enter", ENTER, 0);
            tab.await("document.getElementById('problem').hidden");
            tab.await("document.getElementById('key-form').hidden");
            tab.await("document.querySelectorAll('#models input').length === 1");
            assertEquals("Adapters", tab.text("document.getElementById('name').textContent"));
        }
    }

    @Test
    void aServerThatHangs_isSaidToBeSilent_untilItAnswers() throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.querySelector('#modules tr')");
            tab.value(
                    "window.kept = window.fetch; window.hung = 0; window.fetch = (path, options) =>"
                            + " new Promise((_, no) => { window.hung++;"
                            + " options.signal?.addEventListener('abort',"
                            + " () => no(options.signal.reason)); })");
            awaitProblem(tab, "nothing came in time");
            assertTrue(tab.value("window.hung").getAsInt() <= 2, "polls do not pile up");
            tab.value("window.fetch = window.kept");
            tab.await("document.getElementById('problem').hidden");
        }
    }

    @Test
    void whereThereAreKeys_thePageAsksForOne_andKeepsItInMemoryAlone() throws Exception {
        try (Tab tab = open(keys())) {
            tab.await("document.activeElement.id === 'key'");
            assertTrue(tab.value("document.getElementById('ready').hidden").getAsBoolean());
            assertNamed(tab, 2); // the key, and its button
            tab.type("another");
            tab.press("Enter", ENTER, 0);
            tab.await("!document.getElementById('problem').hidden");
            tab.await("document.activeElement.id === 'key'");
            tab.type("the-key");
            tab.press("Enter", ENTER, 0);
            tab.await("document.activeElement.id === 'prompt'");
            assertEquals(
                    "[\"legal\"]",
                    tab.value("[...document.querySelectorAll('#models input')].map(b => b.value)")
                            .toString());
            tab.type(PROMPT);
            tab.press("Enter", ENTER, CTRL);
            tab.await("document.querySelectorAll('.answer[aria-busy=false]').length === 1");
            assertTrue(answer(tab, "legal").length() > PROMPT.length());
            String kept =
                    tab.text(
                            "JSON.stringify([...[localStorage, sessionStorage].map(kept =>"
                                    + " Array.from(kept, (_, i) => kept.getItem(kept.key(i)))),"
                                    + " document.cookie, location.href,"
                                    + " document.getElementById('key').value,"
                                    + " document.documentElement.outerHTML])");
            assertFalse(kept.contains("the-key"), kept);
        }
    }

    @Test
    void whatThePolicyForbids_doesNotHappen_andIsSeenHere() throws Exception {
        try (Tab tab = open(ServerAccess.OPEN)) {
            tab.await("document.querySelector('#modules tr')");
            assertEquals(List.of(), tab.problems());
            tab.value(
                    "document.body.insertAdjacentHTML('beforeend', '<p id=bad"
                            + " onclick=\"window.planted = 1\" style=\"color: red\">x</p>')");
            tab.value("document.getElementById('bad').click()");
            assertEquals("undefined", tab.text("typeof window.planted"));
            String elsewhere = "fetch('http://127.0.0.2:9/').then(() => 'came', () => 'refused')";
            assertEquals("refused", tab.text(elsewhere));
            tab.await("true"); // what was said before has come
            assertTrue(tab.problems().toString().contains("Content Security Policy"));
            assertTrue(tab.problems().toString().contains("127.0.0.2"), tab.problems().toString());
        }
    }
}
