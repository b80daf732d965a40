package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.UnknownAdapterException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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

    /** A source that knows no adapter, and takes for good to tell its names. */
    private static final class Slow implements AdapterSource {
        final CountDownLatch asked = new CountDownLatch(1);
        final CountDownLatch waits = new CountDownLatch(1);

        @Override
        public Set<String> names() throws IOException {
            asked.countDown();
            try {
                waits.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
            return Set.of();
        }

        @Override
        public Optional<AdapterVersion> version(String name) {
            return Optional.empty();
        }
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whileOneThreadListsNames_anotherUnknownNameIsAnswered() throws Exception {
        Slow slow = new Slow();
        StoreSource source = new StoreSource(slow);
        Thread lister =
                new Thread(
                        () -> assertThrows(UnknownAdapterException.class, () -> source.find("a")));
        lister.start();
        slow.asked.await();
        assertThrows(UnknownAdapterException.class, () -> source.find("b"));
        slow.waits.countDown();
        lister.join();
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
