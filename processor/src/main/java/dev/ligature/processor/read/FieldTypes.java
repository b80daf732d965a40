package dev.ligature.processor.read;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.Container;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import org.jspecify.annotations.Nullable;

/** Reads the types of fields. Type-use annotations do not matter to any of the answers. */
final class FieldTypes {
    private static final String LIST = "java.util.List";
    private static final String MAP = "java.util.Map";
    private static final Set<String> LISTS_AND_MAPS = Set.of(LIST, MAP);
    private static final Set<String> HOLDERS =
            Set.of("java.util.Collection", MAP, "java.util.Optional");

    private final Elements elements;
    private final Types types;
    private final Map<ClassId, TypeElement> named = new HashMap<>();

    FieldTypes(Elements elements, Types types) {
        this.elements = elements;
        this.types = types;
    }

    /** Returns how a field of exactly {@code Block}, a list, an array or a map of it holds them. */
    @Nullable Container targetContainer(TypeMirror type) {
        if (isBlock(type)) {
            return Container.ONE;
        }
        if (type instanceof ArrayType array && isBlock(array.getComponentType())) {
            return Container.ARRAY;
        }
        if (!(type instanceof DeclaredType declared)) {
            return null;
        }
        List<? extends TypeMirror> arguments = declared.getTypeArguments();
        if (isNamed(type, LIST) && arguments.size() == 1 && isBlock(arguments.get(0))) {
            return Container.LIST;
        }
        boolean isMap =
                isNamed(type, MAP)
                        && arguments.size() == 2
                        && isNamed(arguments.get(0), "java.lang.String")
                        && isBlock(arguments.get(1));
        return isMap ? Container.MAP : null;
    }

    /** Returns what the field of a child holds. */
    ChildType child(TypeMirror type) {
        String text = TypeText.of(type);
        TypeMirror bound = bound(type);
        if (bound instanceof ArrayType array) {
            return holding(Container.ARRAY, array.getComponentType(), text);
        }
        Optional<DeclaredType> many = asSuper(bound, LISTS_AND_MAPS);
        if (many.isEmpty()) {
            return holding(Container.ONE, bound, text);
        }
        List<? extends TypeMirror> arguments = many.get().getTypeArguments();
        if (arguments.isEmpty()) {
            return new ChildType.Unsupported(ChildType.Problem.RAW, text);
        }
        if (isNamed(many.get(), LIST)) {
            return holding(Container.LIST, arguments.get(0), text);
        }
        return isNamed(arguments.get(0), "java.lang.String")
                ? holding(Container.MAP, arguments.get(1), text)
                : new ChildType.Unsupported(ChildType.Problem.KEY, text);
    }

    /**
     * Returns the classes that a field without annotation may hold: its own, or those in a
     * collection, a map or an optional.
     */
    List<ClassId> held(TypeMirror type) {
        TypeMirror bound = bound(type);
        if (bound instanceof ArrayType array) {
            return held(array.getComponentType());
        }
        if (bound.getKind() != TypeKind.DECLARED) {
            return List.of();
        }
        Optional<DeclaredType> holder = asSuper(bound, HOLDERS);
        if (holder.isEmpty()) {
            return isModelClass(bound) ? List.of(id(element((DeclaredType) bound))) : List.of();
        }
        List<ClassId> held = new ArrayList<>();
        holder.get().getTypeArguments().forEach(argument -> held.addAll(held(argument)));
        return held;
    }

    /** Adds the names of the types in a type that do not exist, or not yet. */
    void addMissing(TypeMirror type, List<String> missing) {
        if (type.getKind() == TypeKind.ERROR) {
            addErroneous(type, missing);
        } else if (isNamed(type, "error.NonExistentClass")) {
            missing.add(TypeText.of(type));
        } else if (type instanceof ArrayType array) {
            addMissing(array.getComponentType(), missing);
        } else if (type instanceof DeclaredType declared) {
            declared.getTypeArguments().forEach(argument -> addMissing(argument, missing));
        } else if (type instanceof WildcardType wildcard && wildcard.getExtendsBound() != null) {
            addMissing(wildcard.getExtendsBound(), missing);
        } else if (type instanceof TypeVariable variable) {
            TypeMirror bound = bound(variable);
            if (bound.getKind() == TypeKind.ERROR) {
                missing.add(TypeText.of(bound));
            }
        }
    }

    /**
     * Adds what is missing of a type; to Eclipse's compiler a list of a missing class is so itself.
     */
    private void addErroneous(TypeMirror type, List<String> missing) {
        List<String> within = new ArrayList<>();
        if (type instanceof DeclaredType declared) {
            declared.getTypeArguments().forEach(argument -> addMissing(argument, within));
        }
        missing.addAll(within.isEmpty() ? List.of(TypeText.of(type)) : within);
    }

    /** Returns the name of a class. */
    ClassId id(TypeElement type) {
        List<String> names = new ArrayList<>();
        Element at = type;
        for (; at instanceof TypeElement; at = at.getEnclosingElement()) {
            names.add(0, at.getSimpleName().toString());
        }
        String packageName = elements.getPackageOf(type).getQualifiedName().toString();
        ClassId id = new ClassId(packageName, List.copyOf(names));
        named.put(id, type);
        return id;
    }

    /** Returns the class that was given a name here. */
    TypeElement named(ClassId id) {
        return Objects.requireNonNull(named.get(id), id::qualifiedName);
    }

    private ChildType holding(Container container, TypeMirror element, String text) {
        TypeMirror bound = bound(element);
        boolean isClass = bound.getKind() == TypeKind.DECLARED && isModelClass(bound);
        return isClass
                ? new ChildType.Of(container, id(element((DeclaredType) bound)), text)
                : new ChildType.Unsupported(ChildType.Problem.NOT_A_CLASS, text);
    }

    /** Returns false for what declares no modules: sets and optionals of the JDK, any block. */
    private boolean isModelClass(TypeMirror type) {
        String name = element((DeclaredType) type).getQualifiedName().toString();
        return !name.startsWith("java.") && !name.equals(Names.BLOCK);
    }

    /** Returns the type that a type variable or a wildcard is known to have. */
    private TypeMirror bound(TypeMirror type) {
        if (type instanceof TypeVariable variable
                && variable.asElement() instanceof TypeParameterElement parameter) {
            // Eclipse's compiler gives a variable with two bounds as its own upper bound.
            return bound(parameter.getBounds().get(0));
        }
        if (type instanceof WildcardType wildcard) {
            TypeMirror extended = wildcard.getExtendsBound();
            return extended == null
                    ? elements.getTypeElement("java.lang.Object").asType()
                    : bound(extended);
        }
        return type;
    }

    private Optional<DeclaredType> asSuper(TypeMirror type, Set<String> names) {
        if (!(type instanceof DeclaredType declared)) {
            return Optional.empty();
        }
        if (names.contains(element(declared).getQualifiedName().toString())) {
            return Optional.of(declared);
        }
        for (TypeMirror parent : types.directSupertypes(type)) {
            Optional<DeclaredType> found = asSuper(parent, names);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private boolean isBlock(TypeMirror type) {
        return isNamed(type, Names.BLOCK);
    }

    private boolean isNamed(TypeMirror type, String name) {
        return type instanceof DeclaredType declared
                && element(declared).getQualifiedName().contentEquals(name);
    }

    private static TypeElement element(DeclaredType type) {
        return (TypeElement) type.asElement();
    }
}
