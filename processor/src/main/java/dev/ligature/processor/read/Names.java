package dev.ligature.processor.read;

import java.util.Set;

/** The names of the classes that the processor knows without depending on them. */
public final class Names {
    /** The annotation of a module. */
    public static final String LORA_TARGET = "dev.ligature.annotation.LoraTarget";

    /** The annotation of a nested model. */
    public static final String LORA_CHILD = "dev.ligature.annotation.LoraChild";

    /** The annotation of a tie. */
    public static final String TIED = "dev.ligature.annotation.Tied";

    /** The annotation that holds several ties. */
    public static final String TIES = "dev.ligature.annotation.Tied.Ties";

    /** The annotation of generated classes. */
    static final String LORA_GENERATED = "dev.ligature.annotation.LoraGenerated";

    /** DJL's block. */
    public static final String BLOCK = "ai.djl.nn.Block";

    /** The class of the runtime that generated classes call. */
    public static final String WALKER = "dev.ligature.inject.ModuleWalker";

    /** The annotations of models. */
    public static final Set<String> ANNOTATIONS = Set.of(LORA_TARGET, LORA_CHILD, TIED, TIES);

    private Names() {}
}
