package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A class, as far as its modules go. Other classes are named, not contained: a {@link ModelGraph}
 * has them.
 *
 * @param id its name
 * @param site the class
 * @param traits what kind of class it is
 * @param origin where its generated class comes from
 * @param superclass the nearest superclass with annotated members, or null
 * @param permitted its permitted subclasses by name, if it is sealed
 * @param members its fields, in order of declaration
 * @param ties its ties: those on the class, then those on fields, in order of declaration
 * @param switches what a {@code when} may name, and what those that are written do name
 * @param missing the types that its annotated fields and supertypes name and that do not exist yet
 * @param missingElsewhere the types that its other fields name and that do not exist yet
 */
public record ClassSpec(
        ClassId id,
        Site site,
        ClassTraits traits,
        Origin origin,
        @Nullable ClassId superclass,
        List<ClassId> permitted,
        List<Member> members,
        List<Tie> ties,
        List<Switch> switches,
        List<String> missing,
        List<String> missingElsewhere) {
    /** Copies the lists. */
    public ClassSpec {
        permitted = List.copyOf(permitted);
        members = List.copyOf(members);
        ties = List.copyOf(ties);
        switches = List.copyOf(switches);
        missing = List.copyOf(missing);
        missingElsewhere = List.copyOf(missingElsewhere);
    }

    /** Returns the fields that are modules. */
    public List<Member.Target> targets() {
        return only(Member.Target.class);
    }

    /** Returns the fields that hold nested models. */
    public List<Member.Child> children() {
        return only(Member.Child.class);
    }

    /** Returns the fields without annotation. */
    public List<Member.Plain> plainFields() {
        return only(Member.Plain.class);
    }

    /** Returns whether the class itself carries annotations, and so has a generated class. */
    public boolean isAnnotated() {
        return !ties.isEmpty() || members.stream().anyMatch(m -> !(m instanceof Member.Plain));
    }

    private <M extends Member> List<M> only(Class<M> type) {
        return members.stream().filter(type::isInstance).map(type::cast).toList();
    }
}
