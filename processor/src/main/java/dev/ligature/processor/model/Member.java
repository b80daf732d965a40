package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;
import org.jspecify.annotations.Nullable;

/** A field of a class that matters to its modules. */
public sealed interface Member {
    /** Returns the declaration. */
    Field field();

    /**
     * A field that is a module.
     *
     * @param field the declaration
     * @param annotation the {@code LoraTarget}
     * @param name the module's name, relative to the class
     * @param role what the module is to its model
     * @param roleSite where the role is written
     * @param container how the field holds its blocks; null if its type is not allowed
     * @param type the type, as it reads
     */
    record Target(
            Field field,
            Site annotation,
            Text name,
            Role role,
            Site roleSite,
            @Nullable Container container,
            String type)
            implements Member {}

    /**
     * A field that holds nested models.
     *
     * @param field the declaration
     * @param annotation the {@code LoraChild}
     * @param name the child's name, relative to the class
     * @param type what it holds
     * @param alsoTarget whether the field is a {@code LoraTarget} too
     */
    record Child(Field field, Site annotation, Text name, ChildType type, boolean alsoTarget)
            implements Member {}

    /**
     * A field without annotation, whose type is a block or holds some.
     *
     * @param field the declaration
     * @param isBlock whether it could be a target
     * @param holds the class of the nested models that it holds, or null
     */
    record Plain(Field field, boolean isBlock, @Nullable ClassId holds) implements Member {}
}
