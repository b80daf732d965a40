package dev.ligature.processor.write;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Flag;
import dev.ligature.processor.model.InjectorSpec.Line;

/** Writes the body of {@code visit}. */
final class VisitWriter {
    private VisitWriter() {}

    static CodeBlock body(InjectorSpec injector) {
        CodeBlock.Builder body = CodeBlock.builder();
        if (injector.is(Flag.BROKEN)) {
            return body.add("// $L has errors.\n", injector.model().display()).build();
        }
        if (injector.body().superclass() != null) {
            body.addStatement(
                    "$T.visit(model, walker)",
                    TypeNames.raw(injector.body().superclass().injector()));
        }
        for (Line line : injector.body().lines()) {
            if (line instanceof Line.Modules modules) {
                addModules(modules, body);
            } else if (line instanceof Line.Children children) {
                addChildren(injector, children, body);
            }
        }
        injector.body().ties().forEach(group -> addTies(group, body));
        return body.build();
    }

    private static void addModules(Line.Modules modules, CodeBlock.Builder body) {
        body.addStatement(
                "model.$N = walker.$L($S,$W$T.$L,$Wmodel.$N)",
                modules.field(),
                modules.repeated() ? "modules" : "module",
                modules.name(),
                TypeNames.ROLE,
                modules.role(),
                modules.field());
    }

    private static void addChildren(
            InjectorSpec injector, Line.Children children, CodeBlock.Builder body) {
        ClassName visitor =
                TypeNames.raw(
                        children.visitor() == null
                                ? injector.model().injector()
                                : children.visitor().injector());
        CodeBlock exactly =
                children.exactType() == null
                        ? CodeBlock.of("")
                        : CodeBlock.of("$T.class,$W", TypeNames.raw(children.exactType()));
        body.addStatement(
                "walker.$L($S,$Wmodel.$N,$W$L$T::$N)",
                children.repeated() ? "children" : "child",
                children.name(),
                children.field(),
                exactly,
                visitor,
                children.method());
    }

    private static void addTies(InjectorSpec.TieGroup group, CodeBlock.Builder body) {
        boolean isConditional = !group.when().isEmpty();
        if (isConditional) {
            body.beginControlFlow("if (model.$N$L)", group.when(), group.isMethod() ? "()" : "");
        }
        for (InjectorSpec.Pair tie : group.ties()) {
            body.addStatement("walker.tie($S,$W$S)", tie.reader(), tie.source());
        }
        if (isConditional) {
            body.endControlFlow();
        }
    }
}
