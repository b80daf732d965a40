package dev.ligature.processor.read;

import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.ClassTraits;
import dev.ligature.processor.model.Deprecation;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.MissingTypes;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.Origin;
import dev.ligature.processor.model.Tie;
import dev.ligature.processor.model.Trait;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import org.jspecify.annotations.Nullable;

/**
 * Reads classes of one round, and the classes that they reach. A reader must not outlive its round:
 * a class that is incomplete now may be complete in the next.
 */
public final class ModelReader {
    private final Elements elements;
    private final Types types;
    private final FieldTypes fieldTypes;
    private final SwitchReader switches;
    private final MemberReader memberReader;
    private final ModuleVisibility visibility;
    private final Set<String> compiledNow;
    private final Map<ClassId, ClassSpec> classes = new LinkedHashMap<>();

    /**
     * Creates a reader.
     *
     * @param elements the compiler's elements
     * @param types the compiler's types
     * @param compiledNow the canonical names of the annotated classes of this compilation
     */
    public ModelReader(Elements elements, Types types, Set<String> compiledNow) {
        this.elements = elements;
        this.types = types;
        this.fieldTypes = new FieldTypes(elements, types);
        this.visibility = new ModuleVisibility(elements);
        this.switches = new SwitchReader(elements, types, visibility);
        this.memberReader = new MemberReader(elements, types, fieldTypes);
        this.compiledNow = compiledNow;
    }

    /** Reads a class and all that it reaches. */
    public ClassSpec read(TypeElement type) {
        Deque<TypeElement> left = new ArrayDeque<>(List.of(type));
        while (!left.isEmpty()) {
            TypeElement next = left.pop();
            ClassId id = fieldTypes.id(next);
            if (!classes.containsKey(id)) {
                ClassSpec spec = readAlone(id, next);
                classes.put(id, spec);
                reached(spec).forEach(reached -> left.push(fieldTypes.named(reached)));
            }
        }
        return graph().get(fieldTypes.id(type));
    }

    /** Returns all classes that were read. */
    public ModelGraph graph() {
        return new ModelGraph(
                Collections.unmodifiableMap(classes),
                (from, to) -> visibility.obstacle(fieldTypes.named(from), fieldTypes.named(to)));
    }

    /** Returns whether the name of a generated class belongs to a class that was not generated. */
    public boolean isForeign(ClassId model, TypeElement type) {
        TypeElement injector = injector(model, type);
        return injector != null && Annotated.on(injector, Names.LORA_GENERATED).isEmpty();
    }

    private ClassSpec readAlone(ClassId id, TypeElement type) {
        List<String> missing = new ArrayList<>();
        List<String> missingElsewhere = new ArrayList<>();
        List<Member> members = new ArrayList<>();
        List<Tie> ties = new ArrayList<>(memberReader.classTies(type, missing));
        for (VariableElement field : ElementFilter.fieldsIn(type.getEnclosedElements())) {
            Optional<Member> member = memberReader.member(field, missing);
            member.ifPresent(members::add);
            ties.addAll(memberReader.fieldTies(field, member, missing));
            if (member.isEmpty() || member.get() instanceof Member.Plain) {
                fieldTypes.addMissing(field.asType(), missingElsewhere);
            }
        }
        Set<String> whens =
                ties.stream().map(tie -> tie.when().value()).collect(Collectors.toSet());
        for (VariableElement field : ElementFilter.fieldsIn(type.getEnclosedElements())) {
            if (whens.stream().anyMatch(when -> when.startsWith(field.getSimpleName() + "."))) {
                fieldTypes.addMissing(field.asType(), missing);
            }
        }
        addMissingSupertypes(type, missing);
        List<ClassId> permitted = permitted(type, missing);
        boolean needsSwitches = whens.stream().anyMatch(when -> !when.isEmpty());
        return new ClassSpec(
                id,
                Site.of(type),
                traits(type),
                origin(id, type),
                new ClassSpec.Hierarchy(superclass(type), permitted),
                new ClassSpec.Contents(
                        members, ties, needsSwitches ? switches.read(type, whens) : List.of()),
                MissingTypes.inAnnotated(missing).andElsewhere(missingElsewhere));
    }

    private static List<ClassId> reached(ClassSpec spec) {
        List<ClassId> reached = new ArrayList<>(spec.permitted());
        if (spec.superclass() != null) {
            reached.add(spec.superclass());
        }
        for (Member member : spec.members()) {
            if (member instanceof Member.Child child && child.type() instanceof ChildType.Of of) {
                reached.add(of.type());
            } else if (member instanceof Member.Plain plain && plain.holds() != null) {
                reached.add(plain.holds());
            }
        }
        return reached;
    }

    private ClassTraits traits(TypeElement type) {
        Set<Modifier> modifiers = type.getModifiers();
        Set<Trait> traits = EnumSet.of(Trait.PUBLIC);
        Deprecation deprecation = Deprecation.NONE;
        for (Element at = type; at instanceof TypeElement around; at = at.getEnclosingElement()) {
            if (!around.getModifiers().contains(Modifier.PUBLIC)) {
                traits.remove(Trait.PUBLIC);
            }
            if (around.getModifiers().contains(Modifier.PRIVATE)) {
                traits.add(Trait.PRIVATE);
            }
            if (around.getNestingKind() != NestingKind.TOP_LEVEL
                    && around.getKind() == ElementKind.CLASS
                    && !around.getModifiers().contains(Modifier.STATIC)) {
                traits.add(Trait.INNER);
            }
            Deprecation own = Annotated.deprecation(around);
            deprecation = own.compareTo(deprecation) > 0 ? own : deprecation;
        }
        if (modifiers.contains(Modifier.FINAL) || type.getKind() == ElementKind.RECORD) {
            traits.add(Trait.FINAL);
        }
        if (modifiers.contains(Modifier.ABSTRACT) || type.getKind() == ElementKind.INTERFACE) {
            traits.add(Trait.ABSTRACT);
        }
        if (modifiers.contains(Modifier.SEALED)) {
            traits.add(Trait.SEALED);
        }
        TypeElement block = elements.getTypeElement(Names.BLOCK);
        // Not of erased types: javac keeps the supertype that those had in an earlier round.
        if (block != null && types.isSubtype(type.asType(), block.asType())) {
            traits.add(Trait.BLOCK);
        }
        return new ClassTraits(
                type.getKind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                traits,
                deprecation,
                type.getTypeParameters().size());
    }

    private Origin origin(ClassId id, TypeElement type) {
        if (compiledNow.contains(id.qualifiedName())) {
            return new Origin(Origin.Kind.COMPILED_NOW, Origin.CONTRACT);
        }
        TypeElement injector = injector(id, type);
        return injector == null
                ? new Origin(Origin.Kind.UNPROCESSED, 0)
                : Annotated.on(injector, Names.LORA_GENERATED)
                        .map(generated -> generated.number("contract", 0))
                        .map(contract -> new Origin(Origin.Kind.PROCESSED, contract))
                        .orElse(new Origin(Origin.Kind.UNPROCESSED, 0));
    }

    /** Returns the class with the name of a model's generated class. */
    private @Nullable TypeElement injector(ClassId id, TypeElement type) {
        String name = id.injector().qualifiedName();
        ModuleElement module = elements.getModuleOf(type);
        // Without its module, a name that does not exist is looked for in all modules of the JDK.
        return module == null
                ? elements.getTypeElement(name)
                : elements.getTypeElement(module, name);
    }

    private @Nullable ClassId superclass(TypeElement type) {
        TypeElement at = superElement(type);
        while (at != null && !MemberReader.isAnnotated(at)) {
            at = superElement(at);
        }
        return at == null ? null : fieldTypes.id(at);
    }

    private static @Nullable TypeElement superElement(TypeElement type) {
        return type.getSuperclass() instanceof DeclaredType declared
                        && declared.asElement() instanceof TypeElement element
                        && !element.getQualifiedName().contentEquals("java.lang.Object")
                ? element
                : null;
    }

    private void addMissingSupertypes(TypeElement type, List<String> missing) {
        for (TypeElement at = type; at != null; at = superElement(at)) {
            fieldTypes.addMissing(at.getSuperclass(), missing);
            for (TypeMirror implemented : at.getInterfaces()) {
                fieldTypes.addMissing(implemented, missing);
            }
        }
    }

    private List<ClassId> permitted(TypeElement type, List<String> missing) {
        List<ClassId> permitted = new ArrayList<>();
        for (TypeMirror subclass : type.getPermittedSubclasses()) {
            if (subclass.getKind() == TypeKind.DECLARED
                    && ((DeclaredType) subclass).asElement() instanceof TypeElement element) {
                permitted.add(fieldTypes.id(element));
            } else {
                fieldTypes.addMissing(subclass, missing);
            }
        }
        // Compilers differ in the order of subclasses that no permits clause lists.
        permitted.sort(Comparator.comparing(ClassId::qualifiedName));
        return permitted;
    }
}
