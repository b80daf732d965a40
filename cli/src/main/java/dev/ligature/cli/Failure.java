package dev.ligature.cli;

import dev.ligature.LoraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * How a command that failed ends.
 *
 * @param exitCode 2 if the input, the machine's disk or its memory is to blame, 1 for an error of
 *     our own
 * @param line what went wrong, in one line
 */
record Failure(int exitCode, String line) {
    static final Map<String, String> OPTIONS =
            Map.of(
                    "LoadOptions.ignore", "--model-ignore",
                    "LoadOptions.allowMissing", "--model-allow-missing",
                    "LoadOptions.preferCopyOf", "--model-prefer-copy-of",
                    "AdapterLoadOptions.ignore", "--adapter-ignore",
                    "AdapterLoadOptions.allowMissing", "--adapter-allow-missing",
                    "AdapterLoadOptions.preferCopyOf", "--adapter-prefer-copy-of",
                    "AdapterLoadOptions.untied", "--adapter-untied",
                    "AdapterLoadOptions.onBaseDifference", "--on-base-difference");

    /** What an error message calls a method of the options. */
    static final Pattern METHOD = Pattern.compile("\\b(Adapter)?LoadOptions(\\.\\w+)?");

    static final int BAD_INPUT = 2;
    static final int INTERNAL_ERROR = 1;

    /** Returns how a command ends that threw the given exception. */
    static Failure of(Throwable thrown) {
        if (thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
            return of(unchecked.getCause());
        }
        String message = thrown.getMessage() == null ? thrown.toString() : thrown.getMessage();
        if (thrown instanceof BadInputException || thrown instanceof LoraException) {
            return badInput(message);
        }
        if (thrown instanceof FileSystemException file) {
            return badInput(message(file));
        }
        if (thrown instanceof IOException) {
            return badInput(message);
        }
        if (thrown instanceof OutOfMemoryError) {
            return badInput(
                    "not enough memory ("
                            + message
                            + "): give the JVM more, LIGATURE_JVM_OPTIONS=-Xmx8g for one.");
        }
        return new Failure(
                INTERNAL_ERROR,
                oneLine("internal error: " + thrown + " (--debug prints where it happened)"));
    }

    static Failure badInput(String message) {
        return new Failure(BAD_INPUT, oneLine(message));
    }

    private static String message(FileSystemException e) {
        String file = e.getFile() == null ? "a file" : e.getFile();
        if (e instanceof NoSuchFileException) {
            return file + " does not exist.";
        }
        if (e instanceof FileAlreadyExistsException) {
            return file + " exists already: remove it or choose another output.";
        }
        if (e instanceof AccessDeniedException) {
            return file + " may not be accessed: permission denied.";
        }
        if (e instanceof NotDirectoryException) {
            return file + " is not a directory.";
        }
        return e.getReason() == null ? e.toString() : file + ": " + e.getReason() + ".";
    }

    private static String oneLine(String message) {
        return withOptions(message).replaceAll("\\s*\\R\\s*", " ").strip();
    }

    /** Names the option of the command line where a message names the method that does it. */
    static String withOptions(String message) {
        return METHOD.matcher(message)
                .replaceAll(method -> OPTIONS.getOrDefault(method.group(), method.group()));
    }
}
