package dev.ligature.processor.diag;

import java.util.List;
import java.util.Locale;

/**
 * Everything that the processor says. The codes are stable: builds silence warnings by them, and
 * {@code docs/errors.md} explains each.
 */
public enum Message {
    CLASS_KIND(
            "LoraClassKind",
            "%1$s is %2$s, whose fields cannot be assigned. Annotate the fields of a class."),
    CLASS_PRIVATE(
            "LoraClassPrivate",
            "%1$s is private, or nested in a private class; %2$s cannot reach it. Make it"
                    + " package-private."),
    CLASS_INNER(
            "LoraClassInner",
            "%1$s is an inner class, which exists only within an instance of another. Make it"
                    + " static."),
    CLASS_NOT_BLOCK(
            "LoraClassNotBlock",
            "%1$s has annotated fields but is not an ai.djl.nn.Block. Let it extend AbstractBlock,"
                    + " or move the fields to the block that uses them."),
    NAME_TAKEN(
            "LoraNameTaken",
            "The generated class of %1$s would be %2$s, which is the name of %3$s. Rename one of"
                    + " them."),
    SUPERCLASS_NOT_PROCESSED(
            "LoraSuperclassNotProcessed",
            "The superclass %1$s has annotated fields but no generated class %2$s. Compile it with"
                    + " the Ligature processor; docs/setup.md says how."),
    SUPERCLASS_INACCESSIBLE(
            "LoraSuperclassInaccessible",
            "The superclass %1$s has annotated fields, but %2$s cannot reach its generated class"
                    + " from package %3$s. Make %1$s, and all classes around it, public."),
    CLASS_HIDDEN("LoraClassHidden", "%1$s must name %2$s, but %3$s"),
    CONTRACT(
            "LoraContract",
            "%1$s was generated for version %2$s of the contract with the runtime; this processor"
                    + " knows version %3$s. Compile %4$s with the same version of Ligature."),

    FIELD_PRIVATE(
            "LoraFieldPrivate",
            "@%1$s field %2$s is private; %3$s cannot reach it. Make it package-private."),
    FIELD_STATIC(
            "LoraFieldStatic",
            "@%1$s field %2$s is static, but modules belong to an instance of the model. Make it an"
                    + " instance field."),
    FIELD_FINAL(
            "LoraFieldFinal",
            "@LoraTarget field %1$s is final; %2$s cannot assign it. Remove final; a list, an array"
                    + " or a map may stay final, as its elements are assigned."),
    FIELD_BOTH(
            "LoraFieldBoth",
            "Field %1$s is both @LoraTarget and @LoraChild. Keep @LoraChild if its own fields are"
                    + " the modules, @LoraTarget if it is one module."),
    TARGET_TYPE(
            "LoraTargetType",
            "@LoraTarget field %1$s is declared as %2$s, but must be able to hold an adapted block"
                    + " instead. Declare it as Block, List<Block>, Block[] or Map<String, Block>."),
    BAD_NAME(
            "LoraBadName",
            "'%1$s' is not a module name. Use segments of letters, digits, _ and - with dots"
                    + " between them, as in the checkpoint."),
    DUPLICATE_NAME(
            "LoraDuplicateName",
            "Fields %1$s and %2$s both have the name '%3$s'. Give one of them another name."),
    DUPLICATE_PATH(
            "LoraDuplicatePath",
            "The name '%3$s' is given to a module by %1$s and to another by %2$s. Give one of them"
                    + " another name."),
    CONSTANT_CLASH(
            "LoraConstantClash",
            "The names '%1$s' and '%2$s' both give the constant %3$s. Rename one of the modules."),
    ROLE_TWICE(
            "LoraRoleTwice",
            "A model has at most one module of role %1$s, but %2$s and %3$s are. Give one of them"
                    + " the role MODULE."),
    ROLE_REPEATED(
            "LoraRoleRepeated",
            "A model has at most one module of role %1$s, but %2$s is one for each element of field"
                    + " %3$s. Give it the role MODULE."),

    CHILD_TYPE(
            "LoraChildType",
            "@LoraChild field %1$s is declared as %2$s. Declare it as a class with annotated"
                    + " fields, or as a List, an array or a Map<String, ...> of one."),
    CHILD_RAW(
            "LoraChildRaw",
            "@LoraChild field %1$s is declared as %2$s, without the type of its elements. Declare"
                    + " it."),
    CHILD_KEY(
            "LoraChildKey",
            "@LoraChild field %1$s is declared as %2$s, but the keys are segments of module names."
                    + " Use String keys."),
    CHILD_EMPTY(
            "LoraChildEmpty",
            "@LoraChild field %1$s holds %2$s, which has no annotated fields, so it would have no"
                    + " effect. Annotate fields of %2$s, or use @LoraTarget if it is one module."),
    CHILD_ABSTRACT(
            "LoraChildAbstract",
            "@LoraChild field %1$s may hold any subclass of %2$s, and their annotated fields are"
                    + " not known. Declare the field with a concrete class, or make %2$s sealed."),
    CHILD_RECURSIVE(
            "LoraChildRecursive",
            "@LoraChild field %1$s leads back to its own class: %2$s. Module names would have no"
                    + " end; leave one of the fields without @LoraChild."),
    CHILD_NOT_PROCESSED(
            "LoraChildNotProcessed",
            "@LoraChild field %1$s holds %2$s, which has annotated fields but no generated class"
                    + " %3$s. Compile %2$s with the Ligature processor; docs/setup.md says how."),
    CHILD_INACCESSIBLE(
            "LoraChildInaccessible",
            "@LoraChild field %1$s needs %2$s, which %3$s cannot reach. Make %2$s, and all classes"
                    + " around it, %4$s."),

    TIE_WITHOUT_TARGET(
            "LoraTieWithoutTarget",
            "@Tied has no effect on field %1$s, which is not a @LoraTarget. Annotate the field, or"
                    + " put @Tied(module = ...) on the class."),
    TIE_OF_LIST(
            "LoraTieOfList",
            "Field %1$s holds any number of modules, which cannot be tied as one. Give each module"
                    + " a class of its own and tie it there."),
    TIE_MODULE_ON_FIELD(
            "LoraTieModuleOnField",
            "A @Tied on a field is about that field, so module has no effect. Remove it, or put"
                    + " @Tied on the class."),
    TIE_MODULE_MISSING(
            "LoraTieModuleMissing",
            "A @Tied on a class must say which module is tied. Add module = \"...\"."),
    TIE_UNKNOWN("LoraTieUnknown", "There is no module '%1$s' in %2$s or its children.%3$s%4$s"),
    TIE_AMBIGUOUS(
            "LoraTieAmbiguous",
            "'%1$s' may be any of %2$s. Write the whole path, or more of its end."),
    TIE_SELF(
            "LoraTieSelf", "Module %1$s is tied to itself. Name the module whose weight it reads."),
    TIE_CYCLE(
            "LoraTieCycle",
            "The ties %1$s form a circle, so none of the modules has the weight. Remove one of"
                    + " them."),
    TIE_THROUGH_LIST(
            "LoraTieThroughList",
            "'%1$s' is only found inside of a list, an array or a map, as %2$s, and no tie crosses"
                    + " one. Tie fields of one element in the element's class."),
    TIE_UNTARGETED(
            "LoraTieUntargeted",
            "'%1$s' names a field that is not a module: %2$s. Annotate it with @LoraTarget."),
    TIE_CONTRADICTION(
            "LoraTieContradiction",
            "Module %1$s is tied to both %2$s and %3$s. A module reads one weight; remove a tie, or"
                    + " give each its own when."),
    TIE_TWICE("LoraTieTwice", "Module %1$s is tied to %2$s already. Remove one of the two @Tied."),
    WHEN_UNKNOWN(
            "LoraWhenUnknown",
            "%1$s has no field or method '%2$s'.%3$s Name a boolean field, or a boolean method"
                    + " without parameters."),
    WHEN_TYPE(
            "LoraWhenType",
            "'%1$s' of %2$s is not a boolean. Name a boolean field, or a boolean method without"
                    + " parameters."),
    WHEN_ACCESS(
            "LoraWhenAccess",
            "'%1$s' %2$s, so %3$s cannot read it. Name a boolean field, or a boolean method without"
                    + " parameters and exceptions, that package %4$s can read."),

    UNREACHABLE(
            "LoraUnreachable",
            Severity.WARNING,
            "Field %1$s holds %2$s, which has annotated fields, but carries no @LoraChild: its"
                    + " modules cannot be adapted. Annotate the field, or silence this with"
                    + " @SuppressWarnings(\"LoraUnreachable\")."),
    FILE_EXISTS(
            "LoraFileExists",
            Severity.WARNING,
            "%1$s was not written, as the compiler has it already: %2$s. Build the project from"
                    + " scratch if %3$s has changed."),
    RUNTIME_MISSING(
            "LoraRuntimeMissing",
            "%1$s is not on the class path, and generated classes call it. Add the dependency"
                    + " dev.ligature:ligature-runtime; a module also requires"
                    + " dev.ligature.runtime."),
    SOURCE_LEVEL(
            "LoraSourceLevel",
            "The language level is %1$s, but the runtime and generated classes need 17. Compile"
                    + " with --release 17 or later."),
    TYPE_MISSING(
            "LoraTypeMissing",
            "%1$s binds nothing, as these types do not exist: %2$s. Check imports and spelling, and"
                    + " that the processor that generates them runs."),
    FILE_FAILED("LoraFileFailed", "%1$s could not be written: %2$s."),
    PROCESSOR_FAILED(
            "LoraProcessorFailed",
            "The Ligature processor (%1$s) failed on %2$s. Please report this with the source of"
                    + " the class.\n%3$s"),
    OPTION_UNKNOWN("LoraOptionUnknown", "There is no option %1$s.%2$s docs/setup.md lists them."),
    OPTION_VALUE("LoraOptionValue", "Option %1$s is '%2$s', but must be one of: %3$s."),

    WRITTEN("LoraWritten", Severity.NOTE, "%1$s binds %2$s."),
    WAITING("LoraWaiting", Severity.NOTE, "%1$s waits for types that do not exist yet: %2$s.");

    private enum Severity {
        ERROR,
        WARNING,
        NOTE
    }

    private final String code;
    private final Severity severity;
    private final String pattern;

    Message(String code, String pattern) {
        this(code, Severity.ERROR, pattern);
    }

    Message(String code, Severity severity, String pattern) {
        this.code = code;
        this.severity = severity;
        this.pattern = pattern;
    }

    /** Returns the stable code. */
    public String code() {
        return code;
    }

    /** Returns whether the compilation fails. */
    public boolean isError() {
        return severity == Severity.ERROR;
    }

    /** Returns whether it leaves the compilation alone and can be silenced. */
    public boolean isWarning() {
        return severity == Severity.WARNING;
    }

    String text(List<String> arguments) {
        return String.format(Locale.ROOT, pattern, arguments.toArray());
    }
}
