package dev.ligature.processor.write;

import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.TypeSpec;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Line;
import java.util.List;
import javax.lang.model.element.Modifier;

/** Writes {@code describe}. */
final class DescriptionWriter {
    /** How many calls are chained. */
    private static final int MOST = 100;

    private DescriptionWriter() {}

    /** Adds the method, and further ones where its calls are too many for one. */
    static void add(InjectorSpec injector, TypeSpec.Builder type) {
        List<CodeBlock> parts = parts(injector).all();
        CodeBlock.Builder body = CodeBlock.builder();
        if (parts.size() == 1) {
            body.add("return $T.builder()", TypeNames.DESCRIPTION).indent().indent();
            body.add(parts.get(0)).add("\n.build();\n").unindent().unindent();
        } else {
            body.addStatement(
                    "$T description = $T.builder()", TypeNames.BUILDER, TypeNames.DESCRIPTION);
            for (int part = 1; part <= parts.size(); part++) {
                body.addStatement("describe$L(description)", part);
            }
            body.addStatement("return description.build()");
        }
        type.addMethod(
                MethodSpec.methodBuilder("describe")
                        .addModifiers(Modifier.PUBLIC, Modifier.STATIC)
                        .addJavadoc(
                                """
                                Describes the modules, roles and ties, without weights.

                                @return the description
                                """)
                        .returns(TypeNames.DESCRIPTION)
                        .addCode(body.build())
                        .build());
        for (int part = 1; part <= parts.size() && parts.size() > 1; part++) {
            type.addMethod(further(part, parts.get(part - 1)));
        }
    }

    private static MethodSpec further(int part, CodeBlock calls) {
        return MethodSpec.methodBuilder("describe" + part)
                .addModifiers(Modifier.PRIVATE, Modifier.STATIC)
                .addJavadoc(
                        """
                        Adds a part of the description, as its calls are too many for one method.

                        @param description the description so far
                        """)
                .addParameter(TypeNames.BUILDER, "description")
                .addCode("description$>$>$L;\n$<$<", calls)
                .build();
    }

    private static Parts parts(InjectorSpec injector) {
        Parts parts = new Parts(MOST);
        if (injector.body().superclass() != null) {
            parts.add(
                    "\n.include($T.describe())",
                    TypeNames.raw(injector.body().superclass().injector()));
        }
        for (Line line : injector.body().lines()) {
            addLine(line, parts);
        }
        for (InjectorSpec.TieGroup group : injector.body().ties()) {
            for (InjectorSpec.Pair tie : group.ties()) {
                parts.add("\n.tie($S,$W$S,$W$S)", tie.reader(), tie.source(), group.when());
            }
        }
        return parts;
    }

    private static void addLine(Line line, Parts parts) {
        if (line instanceof Line.Modules modules) {
            String method = modules.repeated() ? "modules" : "module";
            parts.add("\n.$L($S,$W$T.$L)", method, modules.name(), TypeNames.ROLE, modules.role());
        } else if (line instanceof Line.Children children) {
            String method = children.repeated() ? "children" : "child";
            for (ClassId described : children.described()) {
                parts.add(
                        "\n.$L($S,$W$T.describe())",
                        method,
                        children.name(),
                        TypeNames.raw(described.injector()));
            }
        }
    }
}
