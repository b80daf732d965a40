package dev.ligature.processor.write;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.WildcardTypeName;
import dev.ligature.processor.model.ClassId;
import java.util.Collections;

/** The names that generated code uses. */
final class TypeNames {
    static final ClassName LORA_MODEL = ClassName.get("dev.ligature", "LoraModel");
    static final ClassName BASE_CHECKPOINT =
            ClassName.get("dev.ligature.checkpoint", "BaseCheckpoint");
    static final ClassName ND_MANAGER = ClassName.get("ai.djl.ndarray", "NDManager");
    static final ClassName SHAPE = ClassName.get("ai.djl.ndarray.types", "Shape");
    static final ClassName PATH = ClassName.get("java.nio.file", "Path");
    static final ClassName DESCRIPTION = ClassName.get("dev.ligature.inject", "ModelDescription");
    static final ClassName BUILDER = DESCRIPTION.nestedClass("Builder");
    static final ClassName WALKER = ClassName.get("dev.ligature.inject", "ModuleWalker");
    static final ClassName ROLE = ClassName.get("dev.ligature.annotation", "Role");
    static final ClassName LORA_GENERATED =
            ClassName.get("dev.ligature.annotation", "LoraGenerated");
    static final ClassName GENERATED = ClassName.get("javax.annotation.processing", "Generated");

    private TypeNames() {}

    /** Returns the name of a class, raw. */
    static ClassName raw(ClassId id) {
        String[] nested = id.simpleNames().stream().skip(1).toArray(String[]::new);
        return ClassName.get(id.packageName(), id.simpleNames().get(0), nested);
    }

    /** Returns the type of any instance of a class: {@code X}, or {@code X<?, ?>}. */
    static TypeName any(ClassId id, int typeParameters) {
        if (typeParameters == 0) {
            return raw(id);
        }
        TypeName wildcard = WildcardTypeName.subtypeOf(Object.class);
        return ParameterizedTypeName.get(
                raw(id), Collections.nCopies(typeParameters, wildcard).toArray(TypeName[]::new));
    }
}
