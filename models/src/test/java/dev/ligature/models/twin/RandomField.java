package dev.ligature.models.twin;

/** A field of a random class. */
final class RandomField {
    /** What a field is, and how it holds it. */
    enum Kind {
        TARGET("Block"),
        TARGET_LIST("List<Block>"),
        TARGET_ARRAY("Block[]"),
        CHILD("%s"),
        CHILD_LIST("List<%s>"),
        CHILD_ARRAY("%s[]"),
        CHILD_MAP("Map<String, %s>"),
        PLAIN("Block"),
        FLAG("boolean");

        private final String type;

        Kind(String type) {
            this.type = type;
        }

        boolean isChild() {
            return type.contains("%s");
        }
    }

    private final Kind kind;
    private final String name;
    private final String module;
    private final RandomClass child;
    private final String element;
    private String role = "";
    private String ties = "";
    private boolean isNeeded;

    /**
     * Creates a field.
     *
     * @param kind what it is
     * @param name its name
     * @param module the name in its annotation, or empty for the default
     * @param child the class of the child, or null
     * @param element how the class is written here, which may be a type variable
     */
    RandomField(Kind kind, String name, String module, RandomClass child, String element) {
        this.kind = kind;
        this.name = name;
        this.module = module;
        this.child = child;
        this.element = element;
    }

    Kind kind() {
        return kind;
    }

    String name() {
        return name;
    }

    RandomClass child() {
        return child;
    }

    /** Returns whether a tie needs what the field holds. */
    boolean isNeeded() {
        return isNeeded;
    }

    void need() {
        isNeeded = true;
    }

    void setRole(String role) {
        this.role = role;
    }

    void addTie(String tie) {
        ties += tie + " ";
    }

    /** Returns the module name; the generator writes the default names out for itself. */
    String moduleOr(String byDefault) {
        return module.isEmpty() ? byDefault : module;
    }

    /** Returns the declaration. */
    String text(String modifier) {
        return "    " + annotation() + ties + modifier + kind.type.formatted(element) + " " + name;
    }

    private String annotation() {
        return switch (kind) {
            case TARGET, TARGET_LIST, TARGET_ARRAY -> "@LoraTarget(" + arguments() + ") ";
            case CHILD, CHILD_LIST, CHILD_ARRAY, CHILD_MAP -> "@LoraChild(" + arguments() + ") ";
            case PLAIN, FLAG -> "";
        };
    }

    private String arguments() {
        String value = module.isEmpty() ? "" : "value = \"" + module + "\"";
        String separator = value.isEmpty() || role.isEmpty() ? "" : ", ";
        return value + separator + (role.isEmpty() ? "" : "role = Role." + role);
    }
}
