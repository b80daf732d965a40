package dev.ligature.processor.write;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Flag;
import dev.ligature.processor.model.InjectorSpec.Line;
import java.util.List;
import javax.lang.model.element.Modifier;

/** Writes {@code visit}. */
final class VisitWriter {
    /** How many calls a method has; each has some 25 bytes. */
    private static final int MOST = 500;

    private VisitWriter() {}

    /** Adds the method, and further ones where its calls are too many for one. */
    static void add(InjectorSpec injector, TypeName model, TypeSpec.Builder type) {
        List<CodeBlock> parts = parts(injector).all();
        boolean isOne = parts.size() == 1;
        CodeBlock.Builder calls = CodeBlock.builder();
        for (int part = 1; part <= parts.size(); part++) {
            calls.addStatement("visit$L(model, walker)", part);
        }
        type.addMethod(
                method("visit", Modifier.PUBLIC, model)
                        .addJavadoc(
                                """
                                For generated code: shows each module to a walker, and puts what it returns in place.

                                @param model the model
                                @param walker the walker, scoped to the model's own path
                                """)
                        .addCode(isOne ? parts.get(0) : calls.build())
                        .build());
        for (int part = 1; part <= parts.size() && !isOne; part++) {
            type.addMethod(
                    method("visit" + part, Modifier.PRIVATE, model)
                            .addJavadoc(
                                    """
                                    Shows a part of the modules, as they are too many for one method.

                                    @param model the model
                                    @param walker the walker, scoped to the model's own path
                                    """)
                            .addCode(parts.get(part - 1))
                            .build());
        }
    }

    private static MethodSpec.Builder method(String name, Modifier access, TypeName model) {
        return MethodSpec.methodBuilder(name)
                .addModifiers(access, Modifier.STATIC)
                .addParameter(model, "model")
                .addParameter(TypeNames.WALKER, "walker");
    }

    private static Parts parts(InjectorSpec injector) {
        Parts parts = new Parts(MOST);
        if (injector.is(Flag.BROKEN)) {
            parts.add("// $L has errors.\n", injector.model().display());
            return parts;
        }
        if (injector.body().superclass() != null) {
            parts.add(
                    statement(
                            "$T.visit(model, walker)",
                            TypeNames.raw(injector.body().superclass().injector())),
                    1);
        }
        for (Line line : injector.body().lines()) {
            if (line instanceof Line.Modules modules) {
                parts.add(modules(modules), 1);
            } else if (line instanceof Line.Children children) {
                parts.add(children(injector, children), 1);
            }
        }
        injector.body().ties().forEach(group -> addTies(group, parts));
        return parts;
    }

    private static CodeBlock modules(Line.Modules modules) {
        boolean isFilled = modules.holding() == Line.Holding.FILLED;
        CodeBlock assignment =
                isFilled ? CodeBlock.of("") : CodeBlock.of("model.$N = ", modules.field());
        return statement(
                "$Lwalker.$L($S,$W$T.$L,$Wmodel.$N)",
                assignment,
                isFilled ? "elements" : modules.repeated() ? "modules" : "module",
                modules.name(),
                TypeNames.ROLE,
                modules.role(),
                modules.field());
    }

    private static CodeBlock children(InjectorSpec injector, Line.Children children) {
        ClassName visitor =
                TypeNames.raw(
                        children.visitor() == null
                                ? injector.model().injector()
                                : children.visitor().injector());
        CodeBlock exactly =
                children.exactType() == null
                        ? CodeBlock.of("")
                        : CodeBlock.of("$T.class,$W", TypeNames.raw(children.exactType()));
        return statement(
                "walker.$L($S,$Wmodel.$N,$W$L$T::$N)",
                children.repeated() ? "children" : "child",
                children.name(),
                children.field(),
                exactly,
                visitor,
                children.method());
    }

    private static void addTies(InjectorSpec.TieGroup group, Parts parts) {
        for (int from = 0; from < group.ties().size(); from += MOST) {
            int to = Math.min(from + MOST, group.ties().size());
            CodeBlock.Builder ties = CodeBlock.builder();
            for (InjectorSpec.Pair tie : group.ties().subList(from, to)) {
                ties.addStatement("walker.tie($S,$W$S)", tie.reader(), tie.source());
            }
            CodeBlock.Builder block = CodeBlock.builder();
            if (group.when().isEmpty()) {
                block.add(ties.build());
            } else {
                block.beginControlFlow("if (model.$L)", group.access())
                        .add(ties.build())
                        .endControlFlow();
            }
            parts.add(block.build(), to - from);
        }
    }

    private static CodeBlock statement(String format, Object... arguments) {
        return CodeBlock.builder().addStatement(format, arguments).build();
    }
}
