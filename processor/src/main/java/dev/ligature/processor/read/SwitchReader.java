package dev.ligature.processor.read;

import dev.ligature.processor.model.Switch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.Elements;

/** Reads the fields and methods that the {@code when} of a tie may name. */
final class SwitchReader {
    private final Elements elements;

    SwitchReader(Elements elements) {
        this.elements = elements;
    }

    /** Returns the boolean members of a class, and whatever else has one of the given names. */
    List<Switch> read(TypeElement type, Set<String> named) {
        List<Switch> switches = new ArrayList<>();
        for (Element member : elements.getAllMembers(type)) {
            if (!isMember(type, member)) {
                continue;
            }
            String name = member.getSimpleName().toString();
            Switch read = null;
            if (member instanceof ExecutableElement method && isMethod(method)) {
                boolean isBoolean = isBoolean(method.getReturnType());
                read =
                        new Switch(
                                name,
                                true,
                                isBoolean,
                                Annotated.deprecation(method),
                                obstacle(type, method));
            } else if (member instanceof VariableElement field) {
                boolean isBoolean = isBoolean(field.asType());
                read =
                        new Switch(
                                name,
                                false,
                                isBoolean,
                                Annotated.deprecation(field),
                                obstacle(type, field));
            }
            if (read != null && (named.contains(name) || read.isUsable())) {
                switches.add(read);
            }
        }
        switches.sort(Comparator.comparing(Switch::name).thenComparing(Switch::isMethod));
        return switches;
    }

    /**
     * Returns whether a class has or inherits a member; Eclipse's compiler lists all others too.
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
            return "is private";
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
}
