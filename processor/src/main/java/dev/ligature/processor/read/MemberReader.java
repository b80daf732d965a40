package dev.ligature.processor.read;

import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.Field;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModuleName;
import dev.ligature.processor.model.Role;
import dev.ligature.processor.model.Text;
import dev.ligature.processor.model.Tie;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a class and the ties on it and on them. */
final class MemberReader {
    private final Elements elements;
    private final Types types;
    private final FieldTypes fieldTypes;

    MemberReader(Elements elements, Types types, FieldTypes fieldTypes) {
        this.elements = elements;
        this.types = types;
        this.fieldTypes = fieldTypes;
    }

    /** Returns whether a class itself carries annotations of ours. */
    static boolean isAnnotated(TypeElement type) {
        return !Annotated.ties(type).isEmpty()
                || ElementFilter.fieldsIn(type.getEnclosedElements()).stream()
                        .anyMatch(
                                field ->
                                        Annotated.on(field, Names.LORA_TARGET).isPresent()
                                                || Annotated.on(field, Names.LORA_CHILD).isPresent()
                                                || !Annotated.ties(field).isEmpty());
    }

    /** Reads a field, if it matters to the modules of its class. */
    Optional<Member> member(VariableElement variable, List<String> missing) {
        Optional<Annotated> target = Annotated.on(variable, Names.LORA_TARGET);
        Optional<Annotated> child = Annotated.on(variable, Names.LORA_CHILD);
        Field field = field(variable);
        if (target.isEmpty() && child.isEmpty()) {
            return plain(variable, field);
        }
        fieldTypes.addMissing(variable.asType(), missing);
        target.ifPresent(annotation -> addErroneous(annotation, missing));
        child.ifPresent(annotation -> addErroneous(annotation, missing));
        return Optional.of(
                child.isPresent()
                        ? new Member.Child(
                                field,
                                child.get().site(),
                                name(child.get(), field),
                                fieldTypes.child(variable.asType()),
                                target.isPresent())
                        : target(variable, field, target.get()));
    }

    /** Reads the ties on a field. */
    List<Tie> fieldTies(VariableElement variable, Optional<Member> member, List<String> missing) {
        String target = null;
        boolean repeated = false;
        if (member.isPresent() && member.get() instanceof Member.Target read) {
            target = read.name().value();
            repeated = read.container() != null && read.container().isRepeated();
        }
        return ties(variable, variable.getSimpleName().toString(), target, repeated, missing);
    }

    /** Reads the ties on a class. */
    List<Tie> classTies(TypeElement type, List<String> missing) {
        return ties(type, null, null, false, missing);
    }

    private List<Tie> ties(
            Element element,
            @Nullable String field,
            @Nullable String target,
            boolean repeated,
            List<String> missing) {
        List<Tie> ties = new ArrayList<>();
        for (Annotated annotation : Annotated.ties(element)) {
            addErroneous(annotation, missing);
            ties.add(
                    new Tie(
                            annotation.site(),
                            field,
                            target,
                            repeated,
                            annotation.text("module", ""),
                            annotation.text("value", ""),
                            annotation.text("when", "")));
        }
        return ties;
    }

    private Member target(VariableElement variable, Field field, Annotated annotation) {
        return new Member.Target(
                field,
                annotation.site(),
                name(annotation, field),
                Role.valueOf(annotation.constant("role", Role.MODULE.name())),
                annotation.siteOf("role"),
                fieldTypes.targetContainer(variable.asType()),
                TypeText.of(variable.asType()));
    }

    private Optional<Member> plain(VariableElement variable, Field field) {
        boolean isBlock = fieldTypes.targetContainer(variable.asType()) != null;
        ClassId holds =
                fieldTypes.held(variable.asType()).stream()
                        .filter(this::isModel)
                        .findFirst()
                        .orElse(null);
        return isBlock || holds != null
                ? Optional.of(new Member.Plain(field, isBlock, holds))
                : Optional.empty();
    }

    /** Returns whether a class of a plain field is worth reading: a block that is not DJL's own. */
    private boolean isModel(ClassId id) {
        TypeElement type = fieldTypes.named(id);
        TypeElement block = elements.getTypeElement(Names.BLOCK);
        return !id.packageName().startsWith("ai.djl.")
                && block != null
                && types.isSubtype(type.asType(), block.asType());
    }

    private static Text name(Annotated annotation, Field field) {
        Text written = annotation.text("value", "");
        return written.isEmpty()
                ? new Text(ModuleName.ofField(field.name()), written.site())
                : written;
    }

    private static Field field(VariableElement variable) {
        return new Field(
                variable.getSimpleName().toString(),
                Site.of(variable),
                traits(variable.getModifiers()),
                Annotated.deprecation(variable));
    }

    private static Set<Trait> traits(Set<Modifier> modifiers) {
        Set<Trait> traits = EnumSet.noneOf(Trait.class);
        if (modifiers.contains(Modifier.PRIVATE)) {
            traits.add(Trait.PRIVATE);
        }
        if (modifiers.contains(Modifier.STATIC)) {
            traits.add(Trait.STATIC);
        }
        if (modifiers.contains(Modifier.FINAL)) {
            traits.add(Trait.FINAL);
        }
        return traits;
    }

    private static void addErroneous(Annotated annotation, List<String> missing) {
        if (annotation.isErroneous()) {
            missing.add(
                    "the constant in @"
                            + annotation.mirror().getAnnotationType().asElement().getSimpleName());
        }
    }
}
