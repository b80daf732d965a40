package dev.ligature.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Where the log goes: its lines name options of the command line, not methods of Java. */
final class LogOutput extends PrintStream {
    LogOutput(OutputStream out) {
        super(out, true, StandardCharsets.UTF_8);
    }

    @Override
    public void println(String line) {
        super.println(Failure.withOptions(String.valueOf(line)));
    }
}
