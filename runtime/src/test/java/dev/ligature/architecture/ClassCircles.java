package dev.ligature.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * No circle of classes, in whichever packages: where each of several classes needs all others, none
 * can be read, tested or moved alone. A sealed type with the classes that it permits is the only
 * exception. Nested classes count as the class that they are in.
 */
final class ClassCircles extends ArchCondition<JavaClass> {
    /** Classes of the runtime whose circles are still to be untied, below the root package. */
    private static final Set<String> TO_BE_UNTIED =
            Set.of("interop.ServingCompatibility", "interop.ServingRules");

    private final Set<String> allowed;
    private final Map<String, Set<String>> needs = new LinkedHashMap<>();
    private final Map<String, Set<String>> circles = new TreeMap<>();

    private ClassCircles(Set<String> allowed) {
        super("be in no circle but that of a sealed type and the classes that it permits");
        this.allowed = allowed;
    }

    static ArchRule none(String root) {
        Set<String> allowed =
                TO_BE_UNTIED.stream().map(name -> root + "." + name).collect(Collectors.toSet());
        return classes().that().resideInAPackage(root + "..").should(new ClassCircles(allowed));
    }

    @Override
    public void init(Collection<JavaClass> all) {
        Map<String, JavaClass> classes = new LinkedHashMap<>();
        all.forEach(one -> classes.put(one.getName(), one));
        for (JavaClass one : all) {
            Set<String> needed = needs.computeIfAbsent(outermost(one), name -> new TreeSet<>());
            for (Dependency dependency : one.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (classes.containsKey(target.getName())) {
                    needed.add(outermost(target));
                }
            }
        }
        for (String name : needs.keySet()) {
            Set<String> circle = reachable(name);
            circle.removeIf(other -> !reachable(other).contains(name));
            circle.remove(name);
            if (!circle.isEmpty() && !isFamily(circle, name, classes)) {
                circles.put(name, circle);
            }
        }
    }

    private Set<String> reachable(String from) {
        Set<String> reached = new TreeSet<>();
        Deque<String> next = new ArrayDeque<>(needs.getOrDefault(from, Set.of()));
        while (!next.isEmpty()) {
            String name = next.pop();
            if (reached.add(name)) {
                next.addAll(needs.getOrDefault(name, Set.of()));
            }
        }
        return reached;
    }

    /** Returns whether the classes of a circle are a sealed type and classes that it permits. */
    private static boolean isFamily(
            Set<String> circle, String name, Map<String, JavaClass> classes) {
        Set<String> all = new TreeSet<>(circle);
        all.add(name);
        for (String head : all) {
            Class<?>[] permitted = classes.get(head).reflect().getPermittedSubclasses();
            Set<String> family = new TreeSet<>(Set.of(head));
            if (permitted != null) {
                Arrays.stream(permitted).map(Class::getName).forEach(family::add);
            }
            if (family.containsAll(all)) {
                return true;
            }
        }
        return false;
    }

    private static String outermost(JavaClass one) {
        JavaClass at = one;
        while (at.getEnclosingClass().isPresent()) {
            at = at.getEnclosingClass().get();
        }
        return at.getName();
    }

    @Override
    public void check(JavaClass one, ConditionEvents events) {
        Set<String> circle = circles.getOrDefault(one.getName(), Set.of());
        if (!circle.isEmpty() && !allowed.contains(one.getName())) {
            String text = one.getName() + " is in a circle with " + String.join(", ", circle);
            events.add(SimpleConditionEvent.violated(one, text));
        }
    }
}
