package dev.ligature.models.text;

import dev.ligature.models.internal.ModelMessage;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The lines of JSONL files, to be read in any order. In memory is where each line begins, and
 * nothing of what it holds, so that files may be larger than memory.
 */
public final class DataFiles implements AutoCloseable {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private static final Set<String> ENDINGS = Set.of("jsonl", "jsonlines", "ndjson");

    private final String form;
    private final List<Path> files = new ArrayList<>();
    private final List<FileChannel> channels = new ArrayList<>();
    private final List<Integer> ends = new ArrayList<>(); // of each file: the lines up to its end
    private long[] starts = new long[1 << 10];
    private int[] lengths = new int[1 << 10];
    private int[] numbers = new int[1 << 10];
    private int count;

    private DataFiles(String form) {
        this.form = form;
    }

    /** Checks a line. */
    @FunctionalInterface
    public interface Check {
        /**
         * Checks a line.
         *
         * @throws IOException if something is wrong with it
         */
        void accept(DataLine line) throws IOException;
    }

    /**
     * Reads all lines once, one after the other, to find where they are and to check them. Blank
     * ones are left out.
     *
     * @param files JSONL files in UTF-8
     * @param form what a line must look like, for messages
     * @param check what is checked of each line
     * @throws IOException if a file cannot be read or has no line, or if a line is wrong; the
     *     message names file and line
     */
    public static DataFiles open(List<Path> files, String form, Check check) throws IOException {
        DataFiles data = new DataFiles(form);
        try {
            for (Path file : files) {
                data.add(file, check);
            }
            return data;
        } catch (IOException | RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    /** Returns whether a file of a name is JSONL, by its ending. */
    public static boolean isNamed(String name) {
        String ending = name.substring(name.lastIndexOf('.') + 1);
        return ENDINGS.contains(ending.toLowerCase(Locale.ROOT));
    }

    /** Returns the first line of a file that is not blank. */
    public static DataLine first(Path file, String form) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            Lines lines = new Lines(in);
            while (lines.next()) {
                if (!lines.isBlank()) {
                    return parse(file, lines.number, lines.bytes(), form);
                }
            }
        }
        throw ModelMessage.DATA_EMPTY.fileError(file, form);
    }

    private void add(Path file, Check check) throws IOException {
        int before = count;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            Lines lines = new Lines(in);
            while (lines.next()) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("interrupted while reading " + file);
                }
                if (!lines.isBlank()) {
                    byte[] bytes = lines.bytes();
                    check.accept(parse(file, lines.number, bytes, form));
                    add(lines.start, bytes.length, lines.number);
                }
            }
        }
        if (count == before) {
            throw ModelMessage.DATA_EMPTY.fileError(file, form);
        }
        files.add(file);
        ends.add(count);
        channels.add(FileChannel.open(file));
    }

    private void add(long start, int length, int number) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
            numbers = Arrays.copyOf(numbers, 2 * count);
        }
        starts[count] = start;
        lengths[count] = length;
        numbers[count++] = number;
    }

    /** Returns the number of lines that are not blank. */
    public int count() {
        return count;
    }

    /**
     * Reads a line again.
     *
     * @param index its index among the lines of all files, from 0
     * @throws IOException if the file has changed since, or cannot be read
     */
    public DataLine read(int index) throws IOException {
        int file = 0;
        while (index >= ends.get(file)) {
            file++;
        }
        ByteBuffer bytes = ByteBuffer.allocate(lengths[index]);
        while (bytes.hasRemaining()) {
            if (channels.get(file).read(bytes, starts[index] + bytes.position()) < 0) {
                throw new EOFException(files.get(file) + " has become shorter while it is read.");
            }
        }
        return parse(files.get(file), numbers[index], bytes.array(), form);
    }

    private static DataLine parse(Path file, int number, byte[] bytes, String form)
            throws IOException {
        String json;
        try {
            json = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw ModelMessage.LINE.fileErrorFrom(e, file, number, "it is not text in UTF-8", form);
        }
        return DataLine.parse(file.toString(), number, json, form);
    }

    @Override
    public void close() throws IOException {
        IOException failed = null;
        for (FileChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                failed = e;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    /** Bytes, cut at line feeds. */
    private static final class Lines {
        private final InputStream in;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private long position; // in the file
        private long start; // of the line, after a byte order mark
        private int number;

        Lines(InputStream in) {
            this.in = in;
        }

        /** Reads the next line, or returns false if there is none. */
        boolean next() throws IOException {
            line.reset();
            start = position;
            int read = in.read();
            if (read < 0) {
                return false;
            }
            for (; read >= 0 && read != '\n'; read = in.read()) {
                line.write(read);
            }
            position = start + line.size() + 1;
            if (number++ == 0 && startsWithMark()) {
                byte[] all = line.toByteArray();
                line.reset();
                line.write(all, BYTE_ORDER_MARK.length, all.length - BYTE_ORDER_MARK.length);
                start += BYTE_ORDER_MARK.length;
            }
            return true;
        }

        private boolean startsWithMark() {
            return line.size() >= BYTE_ORDER_MARK.length
                    && Arrays.equals(
                            BYTE_ORDER_MARK,
                            Arrays.copyOf(line.toByteArray(), BYTE_ORDER_MARK.length));
        }

        boolean isBlank() {
            for (byte each : line.toByteArray()) {
                if (each != ' ' && each != '\t' && each != '\r') {
                    return false;
                }
            }
            return true;
        }

        byte[] bytes() {
            return line.toByteArray();
        }
    }
}
