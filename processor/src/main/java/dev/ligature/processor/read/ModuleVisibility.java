package dev.ligature.processor.read;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.PackageElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/** Asks the compiler which classes a module of the Java platform sees. */
public final class ModuleVisibility {
    private final Elements elements;
    private final Map<String, String> known = new HashMap<>();

    /**
     * Creates a question about the modules of one round.
     *
     * @param elements the compiler's elements
     */
    public ModuleVisibility(Elements elements) {
        this.elements = elements;
    }

    /**
     * Returns why code in the module of one class cannot name the package of another class, and
     * what to do about it; an empty text if it can.
     */
    public String obstacle(TypeElement from, TypeElement to) {
        ModuleElement reader = elements.getModuleOf(from);
        ModuleElement owner = elements.getModuleOf(to);
        if (reader == null || owner == null || reader.equals(owner)) {
            return "";
        }
        String key = reader.getQualifiedName() + "/" + elements.getPackageOf(to);
        return known.computeIfAbsent(key, unused -> obstacle(reader, owner, to));
    }

    private String obstacle(ModuleElement reader, ModuleElement owner, TypeElement to) {
        PackageElement packageOf = elements.getPackageOf(to);
        // To Eclipse's compiler all are seen, and it fails where directives are asked for.
        PackageElement seen = elements.getPackageElement(reader, packageOf.getQualifiedName());
        if (seen != null && !reader.equals(elements.getModuleOf(seen))) {
            return "";
        }
        boolean isExported =
                ElementFilter.exportsIn(owner.getDirectives()).stream()
                        .filter(one -> one.getPackage().equals(packageOf))
                        .anyMatch(one -> isFor(one.getTargetModules(), reader));
        return isExported
                ? String.format(
                        "module %1$s does not read module %2$s. Add requires %2$s to module %1$s.",
                        reader.getQualifiedName(), owner.getQualifiedName())
                : String.format(
                        "module %1$s does not export package %2$s to module %3$s. Add exports"
                                + " %2$s to module %1$s.",
                        owner.getQualifiedName(),
                        packageOf.getQualifiedName(),
                        reader.getQualifiedName());
    }

    private static boolean isFor(
            @Nullable List<? extends ModuleElement> targets, ModuleElement reader) {
        return targets == null || targets.contains(reader);
    }
}
