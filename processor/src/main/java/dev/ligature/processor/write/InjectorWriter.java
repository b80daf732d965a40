package dev.ligature.processor.write;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ArrayTypeName;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.JavaFile;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.Deprecation;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Flag;
import dev.ligature.processor.model.Origin;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import javax.annotation.processing.Filer;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;

/** Writes the generated class of a model. */
public final class InjectorWriter {
    private final String processor;
    private final Filer filer;

    /**
     * Creates a writer.
     *
     * @param processor the name of the processor, for {@code @Generated}
     * @param filer where the classes go
     */
    public InjectorWriter(String processor, Filer filer) {
        this.processor = processor;
        this.filer = filer;
    }

    /**
     * Writes a class.
     *
     * @param injector what to write
     * @param origin the class it is generated for
     * @param hasGenerated whether the class's module reads {@code javax.annotation.processing}
     * @throws IOException if the compiler cannot write the file
     */
    public void write(InjectorSpec injector, TypeElement origin, boolean hasGenerated)
            throws IOException {
        TypeSpec.Builder type = type(injector);
        if (hasGenerated) {
            type.addAnnotation(
                    AnnotationSpec.builder(TypeNames.GENERATED)
                            .addMember("value", "$S", processor)
                            .build());
        }
        type.addAnnotation(
                AnnotationSpec.builder(TypeNames.LORA_GENERATED)
                        .addMember("contract", "$L", Origin.CONTRACT)
                        .build());
        String source =
                JavaFile.builder(injector.model().packageName(), type.build())
                        .indent("    ")
                        .skipJavaLangImports(true)
                        .build()
                        .toString();
        String name = injector.model().injector().qualifiedName();
        try (Writer out = filer.createSourceFile(name, origin).openWriter()) {
            out.write(Layout.of(source));
        }
    }

    private static TypeSpec.Builder type(InjectorSpec injector) {
        ClassId id = injector.model().injector();
        TypeSpec.Builder type =
                TypeSpec.classBuilder(TypeNames.raw(id))
                        .addModifiers(Modifier.FINAL)
                        .addJavadoc("Binds the modules of $L.\n", reference(injector));
        if (injector.is(Flag.PUBLIC)) {
            type.addModifiers(Modifier.PUBLIC);
        }
        for (InjectorSpec.Constant constant : injector.constants()) {
            if (constant.key().isEmpty()) {
                type.addField(constant(constant));
            }
        }
        type.addMethod(
                MethodSpec.constructorBuilder()
                        .addModifiers(Modifier.PRIVATE)
                        .addJavadoc("Has no instances.\n")
                        .build());
        for (InjectorSpec.Constant constant : injector.constants()) {
            if (!constant.key().isEmpty()) {
                type.addMethod(element(constant));
            }
        }
        type.addMethod(load(injector)).addMethod(untie(injector)).addMethod(wrap(injector));
        DescriptionWriter.add(injector, type);
        VisitWriter.add(injector, modelType(injector), type);
        for (InjectorSpec.Dispatch dispatch : injector.body().dispatches()) {
            type.addMethod(DispatchWriter.method(dispatch));
        }
        if (!injector.deprecations().isEmpty()) {
            type.addAnnotation(silencing(injector.deprecations()));
        }
        return type;
    }

    private static AnnotationSpec silencing(List<Deprecation> deprecations) {
        AnnotationSpec.Builder annotation = AnnotationSpec.builder(SuppressWarnings.class);
        deprecations.forEach(one -> annotation.addMember("value", "$S", one.token()));
        return annotation.build();
    }

    private static FieldSpec constant(InjectorSpec.Constant constant) {
        return FieldSpec.builder(String.class, constant.name())
                .addModifiers(Modifier.PUBLIC, Modifier.STATIC, Modifier.FINAL)
                .addJavadoc("The module {@code $L}.\n", constant.module())
                .initializer("$S", constant.module())
                .build();
    }

    private static MethodSpec element(InjectorSpec.Constant constant) {
        boolean isMap = constant.key().equals("String");
        String key = isMap ? "key" : "index";
        return method(constant.name())
                .addJavadoc(
                        """
                        Returns the name of one of the modules {@code $1L.*}.

                        @param $2L the $2L of its block
                        @return the module's name
                        """,
                        constant.module(),
                        key)
                .returns(String.class)
                .addParameter(isMap ? ClassName.get(String.class) : TypeName.INT, key)
                .addStatement("return $S + $L", constant.module() + ".", key)
                .build();
    }

    private static MethodSpec load(InjectorSpec injector) {
        MethodSpec.Builder load =
                method("load")
                        .addJavadoc(
                                """
                                Initialises a model with the weights of a Hugging Face directory, and freezes it.

                                @param directory the directory, with {@code model.safetensors} or its shards
                                @param model the model, not yet initialised
                                @param manager the owner of the arrays
                                @param inputShapes the shapes to initialise with; if none, (1, 1): one token
                                @throws IOException if the files are missing, damaged or not of this model
                                """)
                        .addParameter(TypeNames.PATH, "directory")
                        .addParameter(modelType(injector), "model")
                        .addParameter(TypeNames.ND_MANAGER, "manager")
                        .addParameter(ArrayTypeName.of(TypeNames.SHAPE), "inputShapes")
                        .varargs()
                        .addException(IOException.class);
        return bound(
                load,
                injector,
                "$T.load(directory, model, $T::visit, manager, inputShapes)",
                TypeNames.BASE_CHECKPOINT);
    }

    private static MethodSpec untie(InjectorSpec injector) {
        MethodSpec.Builder untie =
                method("untie")
                        .addJavadoc(
                                """
                                Gives tied modules weights of their own, before the model is wrapped.

                                @param model the model, initialised and not wrapped
                                @param modules the modules, by full names or what they end with
                                """)
                        .addParameter(modelType(injector), "model")
                        .addParameter(ArrayTypeName.of(ClassName.get(String.class)), "modules")
                        .varargs();
        return bound(
                untie, injector, "$T.untieBase(model, $T::visit, modules)", TypeNames.LORA_MODEL);
    }

    private static MethodSpec wrap(InjectorSpec injector) {
        MethodSpec.Builder wrap =
                method("wrap")
                        .addJavadoc(
                                """
                                Wraps a model, so that adapters can be added to its modules.

                                @param model the model, initialised
                                @return the wrapped model
                                """)
                        .returns(TypeNames.LORA_MODEL)
                        .addParameter(modelType(injector), "model");
        return bound(wrap, injector, "return $T.wrap(model, $T::visit)", TypeNames.LORA_MODEL);
    }

    /**
     * Returns a method that calls the runtime with this class's {@code visit}; one that throws if
     * the model is not a block.
     */
    private static MethodSpec bound(
            MethodSpec.Builder method, InjectorSpec injector, String call, ClassName runtime) {
        if (!injector.is(Flag.WRAPPABLE)) {
            String problem = injector.model().display() + " has errors.";
            return method.addStatement("throw new $T($S)", IllegalStateException.class, problem)
                    .build();
        }
        return method.addStatement(call, runtime, TypeNames.raw(injector.model().injector()))
                .build();
    }

    private static MethodSpec.Builder method(String name) {
        return MethodSpec.methodBuilder(name).addModifiers(Modifier.PUBLIC, Modifier.STATIC);
    }

    private static TypeName modelType(InjectorSpec injector) {
        return injector.is(Flag.NAMEABLE)
                ? TypeNames.any(injector.model(), injector.typeParameters())
                : ClassName.OBJECT;
    }

    private static CodeBlock reference(InjectorSpec injector) {
        return injector.is(Flag.NAMEABLE)
                ? CodeBlock.of("{@link $T}", TypeNames.raw(injector.model()))
                : CodeBlock.of("{@code $L}", injector.model().display());
    }
}
