package dev.ligature.processor.read;

import dev.ligature.processor.model.Switch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;

/** Reads the fields and methods that the {@code when} of a tie may name. */
final class SwitchReader {
    private final Elements elements;
    private final Types types;

    SwitchReader(Elements elements, Types types) {
        this.elements = elements;
        this.types = types;
    }

    /** Returns the boolean members of a class, and whatever else has one of the given names. */
    List<Switch> read(TypeElement type, Set<String> named) {
        List<Switch> switches = new ArrayList<>();
        Set<String> fields = new TreeSet<>(named);
        for (Element member : elements.getAllMembers(type)) {
            if (member instanceof ExecutableElement method
                    && isMethod(method)
                    && isMember(type, method)) {
                switches.add(
                        new Switch(
                                method.getSimpleName().toString(),
                                true,
                                isBoolean(method.getReturnType()),
                                Annotated.deprecation(method),
                                obstacle(type, method)));
            } else if (member instanceof VariableElement field) {
                fields.add(field.getSimpleName().toString());
            }
        }
        fields.forEach(name -> field(type, name).ifPresent(switches::add));
        switches.removeIf(one -> !named.contains(one.name()) && !one.isUsable());
        switches.sort(Comparator.comparing(Switch::name).thenComparing(Switch::isMethod));
        return switches;
    }

    /**
     * Returns the field that generated code reads by a name: one that a nearer class declares hides
     * the others, even if it cannot be read.
     */
    private Optional<Switch> field(TypeElement model, String name) {
        List<VariableElement> nearest = nearest(model.asType(), name).distinct().toList();
        if (nearest.isEmpty()) {
            return Optional.empty();
        }
        VariableElement field = nearest.get(0);
        String ambiguity =
                nearest.stream()
                        .map(SwitchReader::owner)
                        .collect(Collectors.joining(" and from ", "is inherited from ", ""));
        return Optional.of(
                new Switch(
                        name,
                        false,
                        isBoolean(field.asType()),
                        Annotated.deprecation(field),
                        nearest.size() > 1 ? ambiguity : obstacle(model, field)));
    }

    private Stream<VariableElement> nearest(TypeMirror type, String name) {
        Element element = types.asElement(type);
        if (element == null) {
            return Stream.of();
        }
        Optional<VariableElement> declared =
                ElementFilter.fieldsIn(element.getEnclosedElements()).stream()
                        .filter(field -> field.getSimpleName().contentEquals(name))
                        .findFirst();
        return declared.map(Stream::of)
                .orElseGet(
                        () ->
                                types.directSupertypes(type).stream()
                                        .flatMap(parent -> nearest(parent, name)));
    }

    /**
     * Returns whether a class has or inherits a method; Eclipse's compiler lists all others too.
     */
    private boolean isMember(TypeElement model, Element member) {
        Set<Modifier> modifiers = member.getModifiers();
        boolean isInherited =
                modifiers.contains(Modifier.PUBLIC)
                        || modifiers.contains(Modifier.PROTECTED)
                        || (!modifiers.contains(Modifier.PRIVATE) && isNear(model, member));
        return isInherited || model.equals(member.getEnclosingElement());
    }

    private boolean isNear(TypeElement model, Element member) {
        return elements.getPackageOf(member).equals(elements.getPackageOf(model));
    }

    private String obstacle(TypeElement model, ExecutableElement method) {
        if (!method.getParameters().isEmpty()) {
            return "takes parameters";
        }
        if (!method.getThrownTypes().isEmpty()) {
            return "throws exceptions";
        }
        return obstacle(model, (Element) method);
    }

    private String obstacle(TypeElement model, Element member) {
        Set<Modifier> modifiers = member.getModifiers();
        if (modifiers.contains(Modifier.PRIVATE)) {
            boolean isOwn = model.equals(member.getEnclosingElement());
            return "is private" + (isOwn ? "" : " in " + owner(member));
        }
        if (modifiers.contains(Modifier.STATIC)) {
            return "is static";
        }
        return modifiers.contains(Modifier.PUBLIC) || isNear(model, member)
                ? ""
                : "is inherited from another package and not public";
    }

    private static boolean isMethod(ExecutableElement member) {
        return !member.getSimpleName().toString().startsWith("<");
    }

    private static boolean isBoolean(TypeMirror type) {
        return type.getKind() == TypeKind.BOOLEAN;
    }

    private static String owner(Element member) {
        return member.getEnclosingElement() instanceof TypeElement owner
                ? owner.getSimpleName().toString()
                : "";
    }
}
