package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** No two members of a class lead to modules of one full name. */
final class PathRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<ModulePath> paths = subject.paths().stream().filter(ModulePath::isTarget).toList();
        List<Diagnostic> found = new ArrayList<>();
        Set<List<Integer>> reported = new HashSet<>();
        Map<String, ModulePath> exact = new HashMap<>();
        List<ModulePath> repeated = new ArrayList<>();
        for (ModulePath path : paths) {
            ModulePath same = exact.putIfAbsent(path.path(), path);
            if (same != null) {
                addClash(subject, same, path, reported, found);
            }
            if (path.isRepeated()) {
                repeated.add(path);
            }
        }
        for (ModulePath pattern : repeated) {
            for (ModulePath path : paths) {
                if (!path.path().equals(pattern.path()) && pattern.overlaps(path)) {
                    addClash(subject, pattern, path, reported, found);
                }
            }
        }
        return found;
    }

    private static void addClash(
            Subject subject,
            ModulePath one,
            ModulePath other,
            Set<List<Integer>> reported,
            List<Diagnostic> found) {
        boolean isOrdered = one.member() < other.member();
        ModulePath first = isOrdered ? one : other;
        ModulePath second = isOrdered ? other : one;
        if (first.member() == second.member()
                || !reported.add(List.of(first.member(), second.member()))) {
            return;
        }
        Member member = subject.spec().members().get(second.member());
        Text name = NameRule.nameOf(member);
        if (first.member() < 0
                || !NameRule.nameOf(subject.spec().members().get(first.member()))
                        .value()
                        .equals(name.value())) {
            Site site = name.site();
            found.add(
                    Diagnostic.of(
                            Message.DUPLICATE_PATH,
                            site,
                            describe(subject, first),
                            "field " + member.field().name(),
                            second.isRepeated() ? first.path() : second.path()));
        }
    }

    /** Returns how messages name the member that leads to a module. */
    static String describe(Subject subject, ModulePath path) {
        return path.member() < 0
                ? "the superclass"
                : "field " + subject.spec().members().get(path.member()).field().name();
    }
}
