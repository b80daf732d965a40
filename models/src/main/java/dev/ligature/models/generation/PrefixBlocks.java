package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.block.TextCache;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the beginnings of texts, in blocks: a tree for each adapter, in which a path
 * from the root is a text. A block is found by its adapter and by all token ids up to its end,
 * which are compared one by one.
 *
 * <p>Blocks are copies, which no text holds on to: they may be evicted at any time, least recently
 * used first, and a block never before those that follow it.
 */
final class PrefixBlocks {
    private static final int BLOCK = BatchOptions.BLOCK;

    private final NDManager manager;
    private final Map<String, Map<LongBuffer, Node>> roots = new HashMap<>(); // by adapter

    /** The eldest use first; whoever follows a block is elder than it, so the eldest is a leaf. */
    private final LinkedHashSet<Node> byUse = new LinkedHashSet<>();

    PrefixBlocks(NDManager manager) {
        this.manager = manager;
    }

    /** Returns the token ids of a block, which are equal to others if all of them are. */
    private static LongBuffer ids(long[] all, int block) {
        return LongBuffer.wrap(Arrays.copyOfRange(all, block * BLOCK, (block + 1) * BLOCK));
    }

    /** A block; its own identity is its key in the order of use. */
    private static final class Node {
        private final String adapter;
        private final @Nullable Node before;
        private final LongBuffer ids;
        private final NDArray array; // (2 · layers, KV, BLOCK, D)
        private final Map<LongBuffer, Node> next = new HashMap<>();

        Node(String adapter, @Nullable Node before, LongBuffer ids, NDArray array) {
            this.adapter = adapter;
            this.before = before;
            this.ids = ids;
            this.array = array;
        }
    }

    /** Returns the number of blocks. */
    long size() {
        return byUse.size();
    }

    /** Appends blocks that follow the tokens of a text, as many as there are and may be. */
    void extend(String adapter, long[] ids, long most, TextCache text) {
        List<Node> path = path(adapter, ids, most);
        if (text.length() % BLOCK == 0) {
            path.stream().skip(text.length() / BLOCK).forEach(node -> text.append(node.array));
        }
    }

    /** Returns the known blocks that some tokens begin with, which count as used. */
    private List<Node> path(String adapter, long[] ids, long most) {
        List<Node> path = new ArrayList<>();
        Map<LongBuffer, Node> next = roots.getOrDefault(adapter, Map.of());
        while ((path.size() + 1L) * BLOCK <= most) {
            Node node = next.get(ids(ids, path.size()));
            if (node == null) {
                break;
            }
            path.add(node);
            next = node.next;
        }
        use(path);
        return path;
    }

    private void use(List<Node> path) {
        for (int i = path.size() - 1; i >= 0; i--) {
            byUse.remove(path.get(i));
            byUse.add(path.get(i));
        }
    }

    /**
     * Keeps the whole blocks of a text.
     *
     * @param ids its tokens, at least those in the cache
     * @param room the most blocks of all texts together
     */
    void keep(String adapter, long[] ids, TextCache text, long room) {
        List<Node> path = path(adapter, ids, text.length());
        Node last = path.isEmpty() ? null : path.get(path.size() - 1);
        long whole = text.length() / BLOCK;
        int known = path.size();
        try {
            for (int block = known; block < whole; block++) {
                if (byUse.size() + block - known >= room) {
                    if (byUse.isEmpty() || byUse.iterator().next() == last) {
                        break; // nothing is left but this text
                    }
                    evict();
                }
                NDArray array = text.copy((long) block * BLOCK, (block + 1L) * BLOCK, manager);
                Node before = block == 0 ? null : path.get(block - 1);
                Node node = new Node(adapter, before, ids(ids, block), array);
                siblings(node).put(node.ids, node);
                path.add(node);
            }
        } finally {
            use(path);
        }
    }

    private Map<LongBuffer, Node> siblings(Node node) {
        return node.before == null
                ? roots.computeIfAbsent(node.adapter, a -> new HashMap<>())
                : node.before.next;
    }

    /** Frees the block whose last use is the longest ago. */
    void evict() {
        Node eldest = byUse.iterator().next();
        byUse.remove(eldest);
        Map<LongBuffer, Node> siblings = siblings(eldest);
        siblings.remove(eldest.ids);
        if (siblings.isEmpty() && eldest.before == null) {
            roots.remove(eldest.adapter);
        }
        eldest.array.close();
    }
}
