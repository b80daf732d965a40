package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.UnknownAdapterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreSourceTest {
    @TempDir Path root;

    @Test
    void unknownNames_scanTheDirectoryOnceASecond() throws IOException {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE); // which overflows, as nanoTime may
        StoreSource folder = new StoreSource(new AdapterFolder(root), now::get);
        add("alpha");
        assertHint(folder, "alpah", "alpha", true);
        add("beta");

        assertHint(folder, "betta", "beta", false); // not scanned again
        now.addAndGet(TimeUnit.SECONDS.toNanos(1) + 1);
        assertHint(folder, "betta", "beta", true);
    }

    private void add(String name) throws IOException {
        Files.writeString(
                Files.createDirectory(root.resolve(name)).resolve("adapter_config.json"), "{}");
    }

    private static void assertHint(StoreSource folder, String name, String known, boolean hinted) {
        UnknownAdapterException error =
                assertThrows(UnknownAdapterException.class, () -> folder.find(name));
        assertTrue(error.getMessage().contains(" " + known + "?") == hinted, error.getMessage());
    }
}
