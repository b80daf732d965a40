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
 * @param hierarchy the classes above and below it
 * @param contents what it declares
 * @param missingTypes the types that it names and that do not exist yet
 */
public record ClassSpec(
        ClassId id,
        Site site,
        ClassTraits traits,
        Origin origin,
        Hierarchy hierarchy,
        Contents contents,
        MissingTypes missingTypes) {
    /**
     * The classes above and below a class.
     *
     * @param superclass the nearest superclass with annotated members, or null
     * @param permitted its permitted subclasses by name, if it is sealed
     */
    public record Hierarchy(@Nullable ClassId superclass, List<ClassId> permitted) {
        /** Copies the list. */
        public Hierarchy {
            permitted = List.copyOf(permitted);
        }
    }

    /**
     * What a class declares.
     *
     * @param members its fields, in order of declaration
     * @param ties its ties: those on the class, then those on fields, in order of declaration
     * @param switches what a {@code when} may name, and what those that are written do name
     */
    public record Contents(List<Member> members, List<Tie> ties, List<Switch> switches) {
        /** Copies the lists. */
        public Contents {
            members = List.copyOf(members);
            ties = List.copyOf(ties);
            switches = List.copyOf(switches);
        }
    }

    /** Returns the nearest superclass with annotated members, or null. */
    public @Nullable ClassId superclass() {
        return hierarchy.superclass();
    }

    /** Returns the permitted subclasses by name, if the class is sealed. */
    public List<ClassId> permitted() {
        return hierarchy.permitted();
    }

    /** Returns the fields, in order of declaration. */
    public List<Member> members() {
        return contents.members();
    }

    /** Returns the ties: those on the class, then those on fields, in order of declaration. */
    public List<Tie> ties() {
        return contents.ties();
    }

    /** Returns what a {@code when} may name, and what those that are written do name. */
    public List<Switch> switches() {
        return contents.switches();
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
        return !ties().isEmpty() || members().stream().anyMatch(m -> !(m instanceof Member.Plain));
    }

    private <M extends Member> List<M> only(Class<M> type) {
        return members().stream().filter(type::isInstance).map(type::cast).toList();
    }
}
