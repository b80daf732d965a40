package dev.ligature.processor.check;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Follows chains of ties to the module that has the weight. */
final class TieRoots {
    private final TieResolution ties;

    TieRoots(TieResolution ties) {
        this.ties = ties;
    }

    /** Returns the source at the end of the ties that are sure to hold when this one does. */
    String of(TieLink link) {
        Set<String> seen = new HashSet<>(Set.of(link.reader()));
        String at = link.source();
        while (seen.add(at)) {
            Optional<String> next = next(at, link.when());
            if (next.isEmpty()) {
                return at;
            }
            at = next.get();
        }
        return link.source();
    }

    private Optional<String> next(String reader, String when) {
        return ties.all().stream()
                .filter(link -> link.reader().equals(reader))
                .filter(link -> link.always() || link.when().equals(when))
                .map(TieLink::source)
                .findFirst();
    }
}
