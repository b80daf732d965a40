package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Every tie leads to one module, none in circles, and no module is tied to two. */
final class TieRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>(subject.ties().problems());
        addCircles(subject.ties(), found);
        addContradictions(subject.ties(), found);
        return found;
    }

    private static void addCircles(TieResolution ties, List<Diagnostic> found) {
        Set<String> reported = new HashSet<>();
        for (TieLink link : ties.links()) {
            if (reported.contains(link.reader())) {
                continue;
            }
            List<String> steps = new ArrayList<>(List.of(link.reader()));
            if (leads(ties, link.source(), link.reader(), steps)) {
                reported.addAll(steps);
                String circle = String.join(" -> ", steps) + " -> " + link.reader();
                found.add(Diagnostic.of(Message.TIE_CYCLE, link.site(), circle));
            }
        }
    }

    private static boolean leads(
            TieResolution ties, String from, String target, List<String> steps) {
        if (from.equals(target)) {
            return true;
        }
        if (steps.contains(from)) {
            return false;
        }
        steps.add(from);
        for (TieLink link : ties.all()) {
            if (link.reader().equals(from) && leads(ties, link.source(), target, steps)) {
                return true;
            }
        }
        steps.remove(steps.size() - 1);
        return false;
    }

    private static void addContradictions(TieResolution ties, List<Diagnostic> found) {
        TieRoots roots = new TieRoots(ties);
        List<TieLink> earlier = new ArrayList<>();
        for (TieLink link : ties.all()) {
            Optional<TieLink> other =
                    earlier.stream().filter(before -> holdTogether(before, link)).findFirst();
            if (link.isOwn() && other.isPresent()) {
                String source = link.source();
                boolean isSame =
                        source.equals(other.get().source())
                                || roots.of(link).equals(roots.of(other.get()));
                found.add(
                        isSame
                                ? Diagnostic.of(
                                        Message.TIE_TWICE, link.site(), link.reader(), source)
                                : Diagnostic.of(
                                        Message.TIE_CONTRADICTION,
                                        link.site(),
                                        link.reader(),
                                        other.get().source(),
                                        source));
            }
            earlier.add(link);
        }
    }

    private static boolean holdTogether(TieLink one, TieLink other) {
        return one.reader().equals(other.reader())
                && (one.always() || other.always() || one.when().equals(other.when()));
    }
}
