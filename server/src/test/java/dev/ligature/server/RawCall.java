package dev.ligature.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** A connection that does what no client of a library does. */
public final class RawCall implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 30_000;

    private final Socket socket;
    private final BufferedReader reader;

    private RawCall(Socket socket) throws IOException {
        this.socket = socket;
        this.reader =
                new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    public static RawCall open(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return new RawCall(socket);
    }

    /** Opens a connection that takes little before it is read. */
    public static RawCall narrow(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(PATIENCE_MILLIS);
        return new RawCall(socket);
    }

    public RawCall send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        return this;
    }

    /** Sends a completion request. */
    RawCall post(String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return send(
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: "
                        + bytes.length
                        + "\r\n\r\n"
                        + body);
    }

    /** Sends a text again and again; returns whether the other side hung up before the end. */
    boolean sendUntilClosed(String text, int times) {
        try {
            for (int i = 0; i < times; i++) {
                send(text);
            }
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** Returns the next line; null if the other side has closed or reset the connection. */
    public String line() throws IOException {
        try {
            return reader.readLine();
        } catch (SocketException e) {
            return null;
        }
    }

    /** Reads lines up to one with a text in it. */
    public void awaitLine(String part) throws IOException {
        String line = line();
        while (line != null && !line.contains(part)) {
            line = line();
        }
        if (line == null) {
            throw new AssertionError("closed before '" + part + "' came");
        }
    }

    /** Hangs up without a word, whatever is under way. */
    @Override
    public void close() throws IOException {
        socket.setSoLinger(true, 0); // a reset
        socket.close();
    }
}
