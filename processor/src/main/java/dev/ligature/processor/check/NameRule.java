package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModuleName;
import dev.ligature.processor.model.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The names in a class are well formed and different, and so are their constants. */
final class NameRule implements Rule {
    @Override
    public List<Diagnostic> check(Subject subject) {
        List<Diagnostic> found = new ArrayList<>();
        Map<String, String> fields = new HashMap<>();
        Map<String, String> constants = new HashMap<>();
        for (Member member : subject.spec().members()) {
            if (member instanceof Member.Plain) {
                continue;
            }
            Text name = nameOf(member);
            String field = member.field().name();
            if (!ModuleName.isValid(name.value())) {
                found.add(Diagnostic.of(Message.BAD_NAME, name.site(), name.value()));
                continue;
            }
            String first = fields.putIfAbsent(name.value(), field);
            if (first != null) {
                found.add(
                        Diagnostic.of(
                                Message.DUPLICATE_NAME, name.site(), first, field, name.value()));
            } else if (member instanceof Member.Target target && hasConstant(target)) {
                String constant = ModuleName.constant(name.value());
                String other = constants.putIfAbsent(constant, name.value());
                if (other != null) {
                    found.add(
                            Diagnostic.of(
                                    Message.CONSTANT_CLASH,
                                    name.site(),
                                    other,
                                    name.value(),
                                    constant));
                }
            }
        }
        return found;
    }

    /** Returns whether a target has a constant; the elements of a list have a method. */
    private static boolean hasConstant(Member.Target target) {
        return target.container() == null || !target.container().isRepeated();
    }

    /** Returns the name of an annotated member. */
    static Text nameOf(Member member) {
        if (member instanceof Member.Target target) {
            return target.name();
        }
        return ((Member.Child) member).name();
    }
}
