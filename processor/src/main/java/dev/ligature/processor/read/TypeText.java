package dev.ligature.processor.read;

import java.util.Locale;
import java.util.stream.Collectors;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.PrimitiveType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.SimpleTypeVisitor14;

/** Writes types for messages, with simple names: compilers differ in {@code toString()}. */
final class TypeText extends SimpleTypeVisitor14<String, Void> {
    private static final TypeText VISITOR = new TypeText();

    private TypeText() {}

    static String of(TypeMirror type) {
        return VISITOR.visit(type, null);
    }

    @Override
    public String visitPrimitive(PrimitiveType type, Void unused) {
        return type.getKind().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String visitArray(ArrayType type, Void unused) {
        return of(type.getComponentType()) + "[]";
    }

    @Override
    public String visitDeclared(DeclaredType type, Void unused) {
        String name = type.asElement().getSimpleName().toString();
        return type.getTypeArguments().isEmpty()
                ? name
                : type.getTypeArguments().stream()
                        .map(TypeText::of)
                        .collect(Collectors.joining(", ", name + "<", ">"));
    }

    @Override
    public String visitTypeVariable(TypeVariable type, Void unused) {
        return type.asElement().getSimpleName().toString();
    }

    @Override
    public String visitWildcard(WildcardType type, Void unused) {
        if (type.getExtendsBound() != null) {
            return "? extends " + of(type.getExtendsBound());
        }
        return type.getSuperBound() == null ? "?" : "? super " + of(type.getSuperBound());
    }

    @Override
    protected String defaultAction(TypeMirror type, Void unused) {
        return type.toString();
    }
}
