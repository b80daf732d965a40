package dev.ligature.server.internal.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys, their limits, and the file that they are in. */
final class ApiKeysTest {
    @TempDir Path folder;

    private long now;

    private static String hash(String key) throws Exception {
        return HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256")
                                .digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("keys.json"), json);
    }

    private ApiKeys keys(String fields) throws Exception {
        return new ApiKeys(
                write("{\"acme\":{\"sha256\":\"" + hash("secret") + "\"" + fields + "}}"),
                () -> now);
    }

    @Test
    void aKey_isKnownByItsHash() throws Exception {
        ApiKeys keys = keys(",\"models\":[\"legal\"]");
        Tenant acme = keys.authenticate("Bearer secret");
        assertEquals("acme", acme.name());
        assertSame(acme, keys.authenticate("bearer  secret "));
        assertTrue(acme.mayUse("legal"));
        assertFalse(acme.mayUse("base"));
        assertFalse(acme.isAdmin());
        assertFalse(keys.hasAdmin());
        for (String wrong : new String[] {null, "", "secret", "Basic secret", "Bearer Secret"}) {
            AccessException refused =
                    assertThrows(AccessException.class, () -> keys.authenticate(wrong));
            assertFalse(refused.isLimited());
            assertFalse(refused.message().contains("ecret"), refused.message());
        }
        assertTrue(keys(",\"admin\":true").authenticate("Bearer secret").mayUse("base"));
        ApiKeys empty = new ApiKeys(write("{\"a\":{\"sha256\":\"" + hash("") + "\"}}"), () -> now);
        assertThrows(AccessException.class, () -> empty.authenticate("Bearer "));
    }

    private void after(double seconds) {
        now += (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    }

    private static int wait(Tenant tenant) {
        return assertThrows(AccessException.class, tenant::begin).retryAfter();
    }

    @Test
    void requestsOfAMinute_areLimited_andComeBackEvenly() throws Exception {
        Tenant tenant = keys(",\"requests_per_minute\":6").authenticate("Bearer secret");
        for (int i = 0; i < 6; i++) {
            tenant.begin();
            tenant.end(100);
        }
        assertEquals(10, wait(tenant));
        after(7);
        assertEquals(3, wait(tenant));
        after(3);
        tenant.begin();
        assertEquals(10, wait(tenant));
        after(3600);
        for (int i = 0; i < 6; i++) {
            tenant.begin();
        }
        assertEquals(10, wait(tenant), "no more than a minute's requests are saved up");
    }

    @Test
    void tokensOfAMinute_areLimited_byWhatWasUsed() throws Exception {
        Tenant tenant = keys(",\"tokens_per_minute\":60").authenticate("Bearer secret");
        tenant.begin();
        tenant.end(90); // nobody knows before the end how many there are
        assertEquals(31, wait(tenant));
        after(31);
        tenant.begin();
        tenant.end(1);
    }

    @Test
    void anotherLimit_makesNobodyWaitLongerThanItself() throws Exception {
        ApiKeys keys = keys("");
        Tenant tenant = keys.authenticate("Bearer secret");
        for (int i = 0; i < 1000; i++) {
            tenant.begin();
            tenant.end(1000);
        }
        keys(",\"requests_per_minute\":6,\"tokens_per_minute\":6000");
        keys.refresh();
        tenant.begin(); // what was used without a limit does not count
        tenant.end(5900);
        keys(",\"requests_per_minute\":6,\"tokens_per_minute\":60");
        keys.refresh();
        assertEquals(1, wait(tenant));
        after(1);
        tenant.begin();
    }

    @Test
    void aFileThatOpensMoreThanItSays_isRefused() throws Exception {
        Exception nothing = assertThrows(IOException.class, () -> keys(",\"models\":null"));
        assertTrue(nothing.getMessage().contains("models must be"), nothing.getMessage());
        String rule = "{\"sha256\":\"" + hash("secret") + "\"";
        Exception twice =
                assertThrows(
                        IOException.class,
                        () ->
                                new ApiKeys(
                                        write(
                                                "{\"a\":"
                                                        + rule
                                                        + "},\"b\":"
                                                        + rule
                                                        + ",\"admin\":true}}"),
                                        () -> now));
        assertTrue(
                twice.getMessage().contains("the sha256 of b is that of another key"),
                twice.getMessage());
    }

    @Test
    void requestsAtATime_areLimited() throws Exception {
        Tenant tenant = keys(",\"in_flight\":2").authenticate("Bearer secret");
        tenant.begin();
        tenant.begin();
        assertEquals(1, wait(tenant));
        tenant.end(5);
        tenant.begin();
    }

    @Test
    void aChangedFile_countsFromThen_andWhatWasUsedStaysUsed() throws Exception {
        ApiKeys keys = keys(",\"requests_per_minute\":2");
        Tenant tenant = keys.authenticate("Bearer secret");
        tenant.begin();
        tenant.begin();
        assertEquals(30, wait(tenant));
        keys(",\"requests_per_minute\":3,\"admin\":true");
        keys.refresh();
        assertSame(tenant, keys.authenticate("Bearer secret"));
        assertTrue(tenant.isAdmin());
        tenant.begin();
        assertEquals(20, wait(tenant));

        write("{");
        keys.refresh();
        assertSame(tenant, keys.authenticate("Bearer secret"), "of the file that was right");
        Files.delete(folder.resolve("keys.json"));
        keys.refresh();
        assertSame(tenant, keys.authenticate("Bearer secret"));
        write("{\"other\":{\"sha256\":\"" + hash("else") + "\"}}");
        keys.refresh();
        assertThrows(AccessException.class, () -> keys.authenticate("Bearer secret"));
        assertEquals("other", keys.authenticate("Bearer else").name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"a\":{}}",
                "{\"a\":{\"sha256\":\"secret-key\"}}",
                "{\"a\":{\"sha256\":\"HASH\",\"model\":[]}}",
                "{\"a\":{\"sha256\":\"HASH\",\"in_flight\":0}}",
                "{\"a\":{\"sha256\":\"HASH\"},\"a\":{\"sha256\":\"HASH\"}}",
            })
    void aFileThatIsWrong_isNamed_withoutItsKeys(String text) throws Exception {
        Path file = write(text.replace("HASH", hash("x")));
        IOException wrong = assertThrows(IOException.class, () -> ApiKeys.read(file));
        String message = String.valueOf(wrong.getMessage());
        assertTrue(message.contains("keys.json"), message);
        assertFalse(message.contains("secret-key"), message);
    }
}
