package dev.ligature.processor.read;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.util.function.Function;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.element.Element;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic.Kind;

/**
 * Finds annotated classes in the bodies of methods. Compilers do not show those to processors;
 * javac shows them to whoever listens to it after its analysis, and only there are they found.
 */
public final class LocalClasses implements TaskListener {
    private final Trees trees;
    private final Function<String, String> message;

    private LocalClasses(Trees trees, Function<String, String> message) {
        this.trees = trees;
        this.message = message;
    }

    /**
     * Listens for annotated local classes, each of which is an error, if the compiler is javac.
     *
     * @param environment the compiler
     * @param message makes the text of the error from the name of the class
     * @throws LinkageError if there is no javac to listen to
     */
    public static void watch(ProcessingEnvironment environment, Function<String, String> message) {
        try {
            Trees trees = Trees.instance(environment);
            JavacTask.instance(environment).addTaskListener(new LocalClasses(trees, message));
        } catch (IllegalArgumentException notJavac) {
            // Eclipse's compiler, or a build tool that wraps javac's environment.
        }
    }

    @Override
    public void finished(TaskEvent event) {
        TypeElement type = event.getTypeElement();
        if (event.getKind() == TaskEvent.Kind.ANALYZE && type != null) {
            TreePath path = trees.getPath(type);
            if (path != null) {
                new Scan().scan(path, false);
            }
        }
    }

    /** Looks through a class; the parameter says whether it is within a local one. */
    private final class Scan extends TreePathScanner<Void, Boolean> {
        @Override
        public Void visitClass(ClassTree tree, Boolean isWithin) {
            Element element = trees.getElement(getCurrentPath());
            if (!(element instanceof TypeElement type)) {
                return super.visitClass(tree, isWithin);
            }
            NestingKind nesting = type.getNestingKind();
            boolean isLocal =
                    isWithin || nesting == NestingKind.LOCAL || nesting == NestingKind.ANONYMOUS;
            if (isLocal && MemberReader.isAnnotated(type)) {
                CompilationUnitTree file = getCurrentPath().getCompilationUnit();
                String name = type.getSimpleName().toString();
                String text = message.apply(name.isEmpty() ? "An anonymous class" : name);
                trees.printMessage(Kind.ERROR, text, tree, file);
            }
            return super.visitClass(tree, isLocal);
        }
    }
}
