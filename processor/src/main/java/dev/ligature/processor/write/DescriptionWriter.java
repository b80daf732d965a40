package dev.ligature.processor.write;

import com.palantir.javapoet.CodeBlock;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Line;

/** Writes the body of {@code describe}. */
final class DescriptionWriter {
    private DescriptionWriter() {}

    static CodeBlock body(InjectorSpec injector) {
        CodeBlock.Builder body = CodeBlock.builder();
        body.add("return $T.builder()", TypeNames.DESCRIPTION).indent().indent();
        if (injector.body().superclass() != null) {
            body.add(
                    "\n.include($T.describe())",
                    TypeNames.raw(injector.body().superclass().injector()));
        }
        for (Line line : injector.body().lines()) {
            addLine(line, body);
        }
        for (InjectorSpec.TieGroup group : injector.body().ties()) {
            for (InjectorSpec.Pair tie : group.ties()) {
                body.add("\n.tie($S,$W$S,$W$S)", tie.reader(), tie.source(), group.when());
            }
        }
        return body.add("\n.build();\n").unindent().unindent().build();
    }

    private static void addLine(Line line, CodeBlock.Builder body) {
        if (line instanceof Line.Modules modules) {
            String method = modules.repeated() ? "modules" : "module";
            body.add("\n.$L($S,$W$T.$L)", method, modules.name(), TypeNames.ROLE, modules.role());
        } else if (line instanceof Line.Children children) {
            String method = children.repeated() ? "children" : "child";
            for (ClassId described : children.described()) {
                body.add(
                        "\n.$L($S,$W$T.describe())",
                        method,
                        children.name(),
                        TypeNames.raw(described.injector()));
            }
        }
    }
}
