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

/**
 * Reads the fields and methods that the {@code when} of a tie may name: those of the model, and by
 * a name with dots those of an object that a member of the model holds.
 */
final class SwitchReader {
    private final Elements elements;
    private final Types types;
    private final ModuleVisibility visibility;

    SwitchReader(Elements elements, Types types, ModuleVisibility visibility) {
        this.elements = elements;
        this.types = types;
        this.visibility = visibility;
    }

    /**
     * A class whose members may be named.
     *
     * @param type the class
     * @param name what its members' names begin with: empty, or {@code config.}
     * @param access what code that reads them begins with: empty, or {@code config().}
     * @param obstacle why generated code cannot read its members; empty if it can
     */
    private record Holder(TypeElement type, String name, String access, String obstacle) {}

    /**
     * A field or method.
     *
     * @param element its declaration
     * @param type its value's type
     * @param access how code reads it
     * @param obstacle why generated code cannot read it; empty if it can
     */
    private record Found(Element element, TypeMirror type, String access, String obstacle) {}

    /**
     * Returns the boolean members of a class, and whatever else has one of the given names; where a
     * name has dots, also the boolean members of the class that its beginning leads to.
     */
    List<Switch> read(TypeElement model, Set<String> named) {
        Set<String> beginnings = new TreeSet<>(Set.of(""));
        named.forEach(name -> beginnings.add(name.substring(0, name.lastIndexOf('.') + 1)));
        List<Switch> switches = new ArrayList<>();
        for (String beginning : beginnings) {
            holder(model, beginning)
                    .ifPresent(holder -> addMembers(model, holder, named, switches));
        }
        switches.sort(Comparator.comparing(Switch::name).thenComparing(Switch::access));
        return switches;
    }

    /** Returns the class that the beginning of a name leads to, if it leads to one. */
    private Optional<Holder> holder(TypeElement model, String beginning) {
        Holder at = new Holder(model, "", "", "");
        for (String name : beginning.isEmpty() ? new String[0] : beginning.split("\\.", -1)) {
            if (name.isEmpty()) {
                break; // after the last dot
            }
            Holder before = at;
            Optional<Holder> next =
                    found(model, before, name).stream()
                            .filter(one -> types.asElement(one.type()) instanceof TypeElement)
                            .min(Comparator.comparing(one -> !one.obstacle().isEmpty()))
                            .map(one -> within(model, before, name, one));
            if (next.isEmpty()) {
                return next;
            }
            at = next.get();
        }
        return Optional.of(at);
    }

    private Holder within(TypeElement model, Holder before, String name, Found found) {
        TypeElement type = (TypeElement) types.asElement(found.type());
        String obstacle = before.obstacle();
        if (obstacle.isEmpty() && !found.obstacle().isEmpty()) {
            obstacle = "is behind '" + name + "', which " + found.obstacle();
        } else if (obstacle.isEmpty() && !isAccessible(model, type)) {
            obstacle = "is in " + type.getSimpleName() + ", which package and module do not see";
        }
        return new Holder(
                type, before.name() + name + ".", before.access() + found.access() + ".", obstacle);
    }

    private boolean isAccessible(TypeElement model, TypeElement type) {
        for (Element at = type; at instanceof TypeElement; at = at.getEnclosingElement()) {
            Set<Modifier> modifiers = at.getModifiers();
            if (modifiers.contains(Modifier.PRIVATE)
                    || (!modifiers.contains(Modifier.PUBLIC) && !isNear(model, at))) {
                return false;
            }
        }
        return visibility.obstacle(model, type).isEmpty();
    }

    private void addMembers(
            TypeElement model, Holder holder, Set<String> named, List<Switch> switches) {
        Set<String> names = new TreeSet<>();
        for (Element member : elements.getAllMembers(holder.type())) {
            names.add(member.getSimpleName().toString());
        }
        // Compilers list no members that cannot be read, which are what is to be reported.
        named.stream()
                .filter(name -> name.lastIndexOf('.') + 1 == holder.name().length())
                .filter(name -> name.startsWith(holder.name()))
                .forEach(name -> names.add(name.substring(holder.name().length())));
        for (String name : names) {
            for (Found one : found(model, holder, name)) {
                Switch read =
                        new Switch(
                                holder.name() + name,
                                holder.access() + one.access(),
                                one.type().getKind() == TypeKind.BOOLEAN,
                                Annotated.deprecation(one.element()),
                                holder.obstacle().isEmpty() ? one.obstacle() : holder.obstacle());
                if (named.contains(read.name()) || read.isUsable()) {
                    switches.add(read);
                }
            }
        }
    }

    /** Returns the field and the methods of a name. */
    private List<Found> found(TypeElement model, Holder holder, String name) {
        List<Found> found = new ArrayList<>();
        field(model, holder.type(), name).ifPresent(found::add);
        for (Element member : elements.getAllMembers(holder.type())) {
            if (member instanceof ExecutableElement method
                    && method.getSimpleName().contentEquals(name)
                    && !name.startsWith("<")
                    && isMember(holder.type(), method)) {
                String obstacle = obstacle(model, holder.type(), method);
                found.add(new Found(method, method.getReturnType(), name + "()", obstacle));
            }
        }
        return found;
    }

    /**
     * Returns the field that code reads by a name: one that a nearer class declares hides the
     * others, even if it cannot be read. The compilers' lists of members have hidden ones.
     */
    private Optional<Found> field(TypeElement model, TypeElement holder, String name) {
        List<VariableElement> nearest = nearest(holder.asType(), name).distinct().toList();
        if (nearest.isEmpty()) {
            return Optional.empty();
        }
        VariableElement field = nearest.get(0);
        String ambiguity =
                nearest.stream()
                        .map(SwitchReader::owner)
                        .collect(Collectors.joining(" and from ", "is inherited from ", ""));
        String obstacle = nearest.size() > 1 ? ambiguity : obstacle(model, holder, field);
        return Optional.of(new Found(field, field.asType(), name, obstacle));
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
    private boolean isMember(TypeElement holder, Element member) {
        Set<Modifier> modifiers = member.getModifiers();
        boolean isInherited =
                modifiers.contains(Modifier.PUBLIC)
                        || modifiers.contains(Modifier.PROTECTED)
                        || (!modifiers.contains(Modifier.PRIVATE) && isNear(holder, member));
        return isInherited || holder.equals(member.getEnclosingElement());
    }

    private boolean isNear(TypeElement model, Element member) {
        return elements.getPackageOf(member).equals(elements.getPackageOf(model));
    }

    private String obstacle(TypeElement model, TypeElement holder, ExecutableElement method) {
        if (!method.getParameters().isEmpty()) {
            return "takes parameters";
        }
        if (!method.getThrownTypes().isEmpty()) {
            return "throws exceptions";
        }
        return obstacle(model, holder, (Element) method);
    }

    private String obstacle(TypeElement model, TypeElement holder, Element member) {
        Set<Modifier> modifiers = member.getModifiers();
        if (modifiers.contains(Modifier.PRIVATE)) {
            boolean isOwn = holder.equals(member.getEnclosingElement());
            return "is private" + (isOwn ? "" : " in " + owner(member));
        }
        if (modifiers.contains(Modifier.STATIC)) {
            return "is static";
        }
        return modifiers.contains(Modifier.PUBLIC) || isNear(model, member)
                ? ""
                : model.equals(holder)
                        ? "is inherited from another package and not public"
                        : "is in another package and not public";
    }

    private static String owner(Element member) {
        return member.getEnclosingElement() instanceof TypeElement owner
                ? owner.getSimpleName().toString()
                : "";
    }
}
