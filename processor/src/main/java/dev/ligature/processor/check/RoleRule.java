package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.Container;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * A class reaches at most one module of a role. Two behind one member are that member's own matter,
 * which its class reports.
 */
final class RoleRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        for (Role role : List.of(Role.INPUT_EMBEDDING, Role.OUTPUT_HEAD)) {
            ModulePath first = null;
            int reported = Integer.MIN_VALUE;
            for (ModulePath path : subject.paths()) {
                if (path.role() != role || path.member() == reported) {
                    continue;
                }
                if (path.member() >= 0 && isRepeated(member(subject, path))) {
                    reported = path.member();
                    found.add(repeated(subject, role, path));
                } else if (first != null && first.member() != path.member()) {
                    reported = path.member();
                    found.add(
                            Diagnostic.of(
                                    Message.ROLE_TWICE,
                                    site(subject, path),
                                    role,
                                    first.path(),
                                    path.path()));
                }
                if (first == null) {
                    first = path;
                }
            }
        }
        return found;
    }

    private static Diagnostic repeated(Subject subject, Role role, ModulePath path) {
        String field = member(subject, path).field().name();
        return Diagnostic.of(Message.ROLE_REPEATED, site(subject, path), role, path.path(), field);
    }

    private static Member member(Subject subject, ModulePath path) {
        return subject.spec().members().get(path.member());
    }

    private static boolean isRepeated(Member member) {
        if (member instanceof Member.Target target) {
            Container container = target.container();
            return container != null && container.isRepeated();
        }
        return member instanceof Member.Child child
                && child.type() instanceof ChildType.Of of
                && of.container().isRepeated();
    }

    private static Site site(Subject subject, ModulePath path) {
        Member member = member(subject, path);
        return member instanceof Member.Target target
                ? target.roleSite()
                : ((Member.Child) member).annotation();
    }
}
