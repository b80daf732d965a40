package dev.ligature.processor.write;

import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.TypeName;
import dev.ligature.processor.model.InjectorSpec.Branch;
import dev.ligature.processor.model.InjectorSpec.Dispatch;
import java.util.Set;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.Modifier;

/** Writes the method that finds the class of a child whose declared class is sealed. */
final class DispatchWriter {
    private static final Set<String> PARAMETERS = Set.of("child", "walker");

    private DispatchWriter() {}

    static MethodSpec method(Dispatch dispatch) {
        CodeBlock.Builder body = CodeBlock.builder();
        String opening = "if ($L)";
        for (Branch branch : dispatch.branches()) {
            addBranch(opening, dispatch, branch, body);
            opening = "else if ($L)";
        }
        body.nextControlFlow("else")
                .addStatement(
                        "throw walker.unknownClass($T.class, child)",
                        TypeNames.raw(dispatch.type()))
                .endControlFlow();
        return MethodSpec.methodBuilder(dispatch.method())
                .addModifiers(Modifier.PRIVATE, Modifier.STATIC)
                .addJavadoc(
                        """
                        Visits a child of the class that it has.

                        @param child the child
                        @param walker the walker, scoped to the child's path
                        """)
                .addParameter(TypeNames.any(dispatch.type(), dispatch.typeParameters()), "child")
                .addParameter(TypeNames.WALKER, "walker")
                .addCode(body.build())
                .build();
    }

    private static void addBranch(
            String opening, Dispatch dispatch, Branch branch, CodeBlock.Builder body) {
        TypeName type = TypeNames.any(branch.type(), branch.typeParameters());
        boolean isDeclared = branch.type().equals(dispatch.type());
        boolean needsName = !branch.isExact() && branch.visited() != null;
        CodeBlock condition =
                branch.isExact()
                        ? CodeBlock.of("child.getClass() == $T.class", TypeNames.raw(branch.type()))
                        : needsName
                                ? CodeBlock.of("child instanceof $T $N", type, variable(branch))
                                : CodeBlock.of("child instanceof $T", type);
        CodeBlock argument =
                needsName
                        ? CodeBlock.of("$N", variable(branch))
                        : isDeclared ? CodeBlock.of("child") : CodeBlock.of("($T) child", type);
        if (opening.startsWith("else")) {
            body.nextControlFlow(opening, condition);
        } else {
            body.beginControlFlow(opening, condition);
        }
        if (branch.visited() == null) {
            body.add("// It declares no modules.\n");
        } else {
            body.addStatement(
                    "$T.visit($L, walker)", TypeNames.raw(branch.visited().injector()), argument);
        }
    }

    private static String variable(Branch branch) {
        String name = branch.type().simpleName();
        String variable = Character.toLowerCase(name.charAt(0)) + name.substring(1);
        boolean isTaken = SourceVersion.isKeyword(variable) || PARAMETERS.contains(variable);
        return isTaken || variable.equals(name) ? variable + "Child" : variable;
    }
}
