package dev.ligature.processor.check;

import dev.ligature.processor.model.Role;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A module as it is called from a class.
 *
 * @param path its name; {@code *} stands for the segment of an element
 * @param role what it is to its model
 * @param isTarget whether it is a module; false for a block field that could be one
 * @param member the index of the member of the class that leads to it; -1 for the superclass
 */
record ModulePath(String path, Role role, boolean isTarget, int member) {
    /** The segment that stands for an index or a key. */
    static final String ELEMENT = "*";

    /** Returns whether it is one of any number. */
    boolean isRepeated() {
        return path.equals(ELEMENT)
                || path.startsWith(ELEMENT + ".")
                || path.endsWith("." + ELEMENT)
                || path.contains("." + ELEMENT + ".");
    }

    /** Returns whether a written path means this repeated module, with or without an index. */
    boolean isMeantBy(String written) {
        String name = path.endsWith("." + ELEMENT) ? path.substring(0, path.length() - 2) : path;
        return endsWith(path, written) || endsWith(name, written);
    }

    /** Returns whether a written path means this module and leaves out its indices. */
    boolean isMeantWithoutIndices(String written) {
        String name =
                Arrays.stream(segments(path))
                        .filter(segment -> !segment.equals(ELEMENT))
                        .collect(Collectors.joining("."));
        return endsWith(name, written);
    }

    /** Returns whether two modules could have one name: an element's segment may be any number. */
    boolean overlaps(ModulePath other) {
        String[] these = segments(path);
        String[] those = segments(other.path);
        if (these.length != those.length) {
            return false;
        }
        for (int i = 0; i < these.length; i++) {
            boolean isElement = isElement(these[i]) && isElement(those[i]);
            boolean hasAny = these[i].equals(ELEMENT) || those[i].equals(ELEMENT);
            if (!these[i].equals(those[i]) && !(isElement && hasAny)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isElement(String segment) {
        return segment.equals(ELEMENT) || segment.chars().allMatch(Character::isDigit);
    }

    private static boolean endsWith(String path, String written) {
        String[] pattern = segments(path);
        String[] segments = segments(written);
        int offset = pattern.length - segments.length;
        boolean isNamed = false;
        for (int i = 0; i < segments.length && offset >= 0; i++) {
            String expected = pattern[offset + i];
            if (!expected.equals(segments[i]) && !expected.equals(ELEMENT)) {
                return false;
            }
            isNamed |= expected.equals(segments[i]);
        }
        return offset >= 0 && isNamed;
    }

    private static String[] segments(String path) {
        return path.split("\\.", -1);
    }
}
