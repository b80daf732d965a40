package dev.ligature.processor;

import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Line;
import java.util.ArrayList;
import java.util.List;

/** Says in a line what a generated class binds. */
final class Summary {
    private Summary() {}

    static String of(InjectorSpec injector) {
        List<String> parts = new ArrayList<>();
        if (injector.body().superclass() != null) {
            parts.add("what " + injector.body().superclass().injector().display() + " binds");
        }
        for (Line line : injector.body().lines()) {
            if (line instanceof Line.Modules modules) {
                parts.add(modules.name() + (modules.repeated() ? ".*" : ""));
            } else if (line instanceof Line.Children children) {
                String name = children.name() + (children.repeated() ? ".*" : "");
                List<String> classes =
                        children.described().stream().map(one -> one.display()).toList();
                parts.add(name + " (" + String.join(" or ", classes) + ")");
            }
        }
        for (InjectorSpec.TieGroup group : injector.body().ties()) {
            String when = group.when().isEmpty() ? "" : " when " + group.when();
            group.ties().forEach(tie -> parts.add(tie.reader() + " = " + tie.source() + when));
        }
        return parts.isEmpty() ? "nothing" : String.join(", ", parts);
    }
}
