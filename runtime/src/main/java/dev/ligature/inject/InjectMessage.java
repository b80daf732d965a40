package dev.ligature.inject;

import dev.ligature.internal.diag.Message;

/** What is reported of the fields of a model that is walked. */
enum InjectMessage implements Message {
    MAP_KEY(
            "LoraMapKey",
            "The map %1$s has the key '%2$s', which cannot be a segment of a module"
                    + " name. Use keys without dots that are not empty."),
    TIE_SOURCE_ABSENT(
            "LoraTieSourceAbsent",
            "Module %1$s is tied to %2$s, which is absent (its field is null). Set the field, or"
                    + " make the tie conditional with @Tied(when = …)."),
    UNKNOWN_SUBCLASS(
            "LoraUnknownSubclass",
            "Child %1$s is declared as %2$s but holds a %3$s, whose annotated fields would be"
                    + " missed. Declare the field with that class, or make the declared class sealed"
                    + " over it."),
    DUPLICATE_MODULE(
            "LoraDuplicateModule",
            "Two fields of the model give the module name %1$s. Give one of them another name."),
    FIXED_ELEMENTS(
            "LoraFixedElements",
            "The field of %1$s is final and what it holds cannot be changed, so adapted blocks"
                    + " cannot be put there. Use a list or a map that can be changed, such as new"
                    + " ArrayList<>(…), or remove final."),
    NULL_ELEMENT(
            "LoraNullElement",
            "Element %1$s of %2$s is null. Remove it; only a whole field may be absent.");

    private final String code;
    private final String pattern;

    InjectMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
