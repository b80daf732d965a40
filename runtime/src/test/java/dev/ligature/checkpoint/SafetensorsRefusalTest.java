package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are not as the format says are refused when they are opened. */
class SafetensorsRefusalTest {
    private static final String GOOD =
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    @TempDir private Path directory;
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("x.safetensors");
    }

    @Test
    void aGoodHeader_isAccepted() throws IOException {
        write(GOOD, 8);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(1, reader.tensors().size());
        }
    }

    @Test
    void wrongSizes_areRefusedBeforeAnythingIsAllocated() throws IOException {
        Refusal.of("CheckpointMissing", () -> SafetensorsReader.open(file), "does not exist");
        Refusal.of("CheckpointMissing", () -> SafetensorsReader.open(directory), "directory");
        Files.write(file, new byte[7]);
        refused("SafetensorsSize", "only 7 bytes");
        prefix(1000);
        refused("SafetensorsSize", "1000 bytes", "only 8 bytes in all");
        prefix(100_000_001);
        refused("SafetensorsSize", "100000001", "the format allows");
        prefix(-1);
        refused("SafetensorsSize", "18446744073709551615");
        prefix(Long.MAX_VALUE);
        refused("SafetensorsSize", "9223372036854775807");
    }

    @Test
    void whatIsNoStrictJson_isRefused() throws IOException {
        String[] headers = {
            "",
            " " + GOOD,
            "[]",
            "{",
            GOOD + "x",
            GOOD + GOOD,
            GOOD.replace("\"a\"", "a"),
            GOOD.replace("\"a\"", "'a'"),
            GOOD.replace("[2]", "[2,]"),
            GOOD.replace(":{", "={"),
            "{\"a\":1}",
            "{\"a\":[]}",
            GOOD.replace("a", "\u0001"),
        };
        for (String header : headers) {
            write(header, 8);
            refused("SafetensorsHeader");
        }
        byte[] noText = GOOD.getBytes(StandardCharsets.UTF_8);
        noText[2] = (byte) 0xFF;
        write(noText, 8);
        refused("SafetensorsHeader");
    }

    @Test
    void aWrongTensor_isRefusedByName() throws IOException {
        tensor("F32", "F33", "unknown data type 'F33'");
        tensor("\"F32\"", "7", "dtype 7, not a text");
        tensor("[2]", "[3]", "F32 of shape [3] takes 12");
        tensor("[2]", "[-0]", "not a plain whole number");
        tensor("[2]", "[-2]", "shape -2, not a whole number");
        tensor("[2]", "[2.0]", "shape 2.0, not a plain whole number");
        tensor("[2]", "[\"2\"]", "shape '2', not a whole number");
        tensor("[2]", "[".repeat(100_000) + "2", "shape that is nested too deeply");
        tensor("[2]", "[99999999999999999999]", "not a whole number from 0 to");
        tensor("[2]", "[4611686018427387904,4]", "too large to count");
        tensor("[2]", "[0,9223372036854775807]", "too large to count");
        tensor("[2]", "[1" + ",1".repeat(40) + "]", "shape that has more than 32 elements");
        tensor("[0,8]", "[0,9]", "not within the 8 bytes");
        tensor("[0,8]", "[8,0]", "not within");
        tensor("[0,8]", "[0,4]", "4 bytes of data");
        tensor("[0,8]", "[0]", "two data_offsets");
        tensor("[0,8]", "[0,8,8]", "two data_offsets");
        tensor("\"shape\":[2],", "", "does not have a dtype");
        tensor("\"shape\"", "\"form\"", "unknown field 'form'");
        tensor("\"shape\":[2]", "\"shape\":[2],\"shape\":[2]", "'shape' twice");
        write(GOOD.substring(0, GOOD.length() - 1) + "," + GOOD.substring(1), 8);
        refused("SafetensorsTensor", "'a' is in the header twice");
    }

    @Test
    void aBooleanThatIsNeitherTrueNorFalse_isRefusedWithItsFile() throws IOException {
        String header = GOOD.replace("F32", "BOOL").replace("[2]", "[3]").replace("8]", "3]");
        write(header, 3);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] = 2;
        Files.write(file, bytes);
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsReader reader = SafetensorsReader.open(file)) {
            Refusal.of(
                    "SafetensorsTensor",
                    () -> reader.read("a", manager),
                    file + ": 'a' is BOOL but has a byte of value 2");
        }
    }

    @Test
    void aHeaderThatIsNoJson_isRefusedInOneLineWithThePlace() throws IOException {
        write(GOOD.replace("\"a\"", "a"), 8);
        refused(
                "SafetensorsHeader",
                "file: it is not a JSON object (malformed JSON at line 1 column 3 path $). The");
    }

    @Test
    void overlapsHolesAndLeftovers_areRefused() throws IOException {
        write(two(0, 8, 4, 12), 12);
        refused("SafetensorsTensor", "'b' begins at byte 4", "an overlap");
        write(two(0, 8, 12, 20), 20);
        refused("SafetensorsTensor", "'b' begins at byte 12", "a hole");
        write(two(4, 12, 12, 20), 20);
        refused("SafetensorsTensor", "'a' begins at byte 4", "a hole");
        write(two(0, 8, 8, 16), 17);
        refused("SafetensorsData", "17 bytes of data", "end at byte 16");
    }

    @Test
    void metadataOfAnythingButStrings_isRefused() throws IOException {
        String[] wrong = {"{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":\"1\",\"a\":\"2\"}"};
        for (String metadata : wrong) {
            write(GOOD.replace("{\"a\":{", "{\"__metadata__\":" + metadata + ",\"a\":{"), 8);
            refused("SafetensorsTensor", "'__metadata__'", "a");
        }
        write(GOOD.replace("{\"a\":{", "{\"__metadata__\":{},\"__metadata__\":{},\"a\":{"), 8);
        refused("SafetensorsTensor", "'__metadata__' is in the header twice");
    }

    @Test
    void aNameFromAFile_cannotBreakTheLineOrFillTheScreen() throws IOException {
        write(GOOD.replace("\"a\"", "\"a\\n\\u001b[31m\"").replace("F32", "F33"), 8);
        refused("SafetensorsTensor", "'a\\u000a\\u001b[31m'");
        write(GOOD.replace("\"a\"", "\"" + "a".repeat(100_000) + "\"").replace("F32", "F33"), 8);
        String message = Refusal.of("SafetensorsTensor", () -> SafetensorsReader.open(file));
        assertTrue(message.length() < 5000, message);
    }

    private void tensor(String part, String other, String... parts) throws IOException {
        write(GOOD.replace(part, other), 8);
        refused("SafetensorsTensor", parts);
        refused("SafetensorsTensor", "'a'");
    }

    private static String two(long beginA, long endA, long beginB, long endB) {
        String first = GOOD.replace("[0,8]", "[" + beginA + "," + endA + "]");
        String second =
                GOOD.replace("\"a\"", "\"b\"").replace("[0,8]", "[" + beginB + "," + endB + "]");
        return first.substring(0, first.length() - 1) + "," + second.substring(1);
    }

    private void refused(String code, String... parts) {
        String message = Refusal.of(code, () -> SafetensorsReader.open(file), parts);
        assertTrue(message.contains(file.toString()), message);
    }

    private void prefix(long length) throws IOException {
        Files.write(
                file,
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
    }

    private void write(String header, int dataLength) throws IOException {
        write(header.getBytes(StandardCharsets.UTF_8), dataLength);
    }

    private void write(byte[] header, int dataLength) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + header.length + dataLength).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, bytes.putLong(header.length).put(header).array());
    }
}
