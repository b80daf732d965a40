package dev.ligature.processor.check;

import dev.ligature.processor.model.ChildType;
import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.Container;
import dev.ligature.processor.model.Deprecation;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.model.InjectorSpec.Body;
import dev.ligature.processor.model.InjectorSpec.Branch;
import dev.ligature.processor.model.InjectorSpec.Constant;
import dev.ligature.processor.model.InjectorSpec.Dispatch;
import dev.ligature.processor.model.InjectorSpec.Flag;
import dev.ligature.processor.model.InjectorSpec.Line;
import dev.ligature.processor.model.InjectorSpec.Pair;
import dev.ligature.processor.model.InjectorSpec.TieGroup;
import dev.ligature.processor.model.Member;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.ModuleName;
import dev.ligature.processor.model.Switch;
import dev.ligature.processor.model.Trait;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Settles what is generated for a class. */
final class InjectorPlan {
    private final Subject subject;
    private final ClassSpec spec;
    private final Map<ClassId, Dispatch> dispatches = new LinkedHashMap<>();

    InjectorPlan(Subject subject) {
        this.subject = subject;
        this.spec = subject.spec();
    }

    InjectorSpec settle(boolean hasErrors) {
        Set<Flag> flags = EnumSet.noneOf(Flag.class);
        if (spec.traits().has(Trait.PUBLIC)) {
            flags.add(Flag.PUBLIC);
        }
        if (!spec.traits().has(Trait.PRIVATE) && !spec.traits().has(Trait.INNER)) {
            flags.add(Flag.NAMEABLE);
            if (spec.traits().has(Trait.BLOCK)) {
                flags.add(Flag.WRAPPABLE);
            }
        }
        boolean isBroken = hasErrors || !isReachable();
        if (isBroken) {
            flags.add(Flag.BROKEN);
        }
        return new InjectorSpec(
                spec.id(),
                spec.traits().typeParameters(),
                flags,
                deprecations(),
                constants(),
                isBroken ? Body.EMPTY : body());
    }

    private Body body() {
        List<Line> lines = lines(); // finds the dispatches
        return new Body(spec.superclass(), lines, ties(), List.copyOf(dispatches.values()));
    }

    private List<Deprecation> deprecations() {
        Stream<Deprecation> classes =
                Stream.concat(Stream.of(spec), related()).map(one -> one.traits().deprecation());
        Stream<Deprecation> fields =
                spec.members().stream()
                        .filter(member -> !(member instanceof Member.Plain))
                        .map(member -> member.field().deprecation());
        Stream<Deprecation> switches =
                spec.ties().stream()
                        .flatMap(tie -> WhenRule.usable(spec, tie.when().value()).stream())
                        .map(Switch::deprecation);
        return Stream.of(classes, fields, switches)
                .flatMap(all -> all)
                .filter(one -> one != Deprecation.NONE)
                .distinct()
                .sorted()
                .toList();
    }

    /** Returns false if a class in use is private or inner, which is reported at that class. */
    private boolean isReachable() {
        return related()
                .noneMatch(
                        type -> type.traits().has(Trait.PRIVATE) || type.traits().has(Trait.INNER));
    }

    /** Returns the classes that the generated class may name: of children and the superclass. */
    private Stream<ClassSpec> related() {
        Stream<ClassSpec> children =
                spec.children().stream()
                        .filter(child -> child.type() instanceof ChildType.Of)
                        .map(child -> subject.graph().get(((ChildType.Of) child.type()).type()))
                        .flatMap(
                                type ->
                                        Stream.concat(
                                                Stream.of(type),
                                                subject.graph().alternatives(type).stream()
                                                        .flatMap(one -> classes(one))));
        Stream<ClassSpec> superclass =
                Stream.ofNullable(spec.superclass()).map(id -> subject.graph().get(id));
        return Stream.concat(children, superclass);
    }

    private static Stream<ClassSpec> classes(ModelGraph.Alternative one) {
        return Stream.concat(Stream.of(one.type()), Stream.ofNullable(one.visited()));
    }

    private List<Constant> constants() {
        Map<String, Constant> constants = new LinkedHashMap<>();
        for (Member.Target target : spec.targets()) {
            String module = target.name().value();
            if (ModuleName.isValid(module)) {
                Container container = target.container();
                boolean isOne = container == null || !container.isRepeated();
                String name = isOne ? ModuleName.constant(module) : target.field().name();
                String key = isOne ? "" : container == Container.MAP ? "String" : "int";
                constants.putIfAbsent(name + key, new Constant(name, module, key));
            }
        }
        return List.copyOf(constants.values());
    }

    private List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        for (Member member : spec.members()) {
            if (member instanceof Member.Target target) {
                boolean isRepeated = target.container() != null && target.container().isRepeated();
                boolean isFinal = target.field().has(Trait.FINAL);
                lines.add(
                        new Line.Modules(
                                target.name().value(),
                                target.role(),
                                target.field().name(),
                                !isRepeated
                                        ? Line.Holding.ONE
                                        : isFinal ? Line.Holding.FILLED : Line.Holding.ASSIGNED));
            } else if (member instanceof Member.Child child) {
                lines.add(children(child, (ChildType.Of) child.type()));
            }
        }
        return lines;
    }

    private Line children(Member.Child child, ChildType.Of of) {
        ClassSpec declared = subject.graph().get(of.type());
        List<ModelGraph.Alternative> alternatives = subject.graph().alternatives(declared);
        List<ClassId> described =
                alternatives.stream()
                        .map(ModelGraph.Alternative::visited)
                        .filter(Objects::nonNull)
                        .map(visited -> visited.id())
                        .distinct()
                        .toList();
        boolean isDispatched = declared.traits().has(Trait.SEALED);
        boolean isExact = !isDispatched && !declared.traits().has(Trait.FINAL);
        return new Line.Children(
                child.name().value(),
                child.field().name(),
                of.container().isRepeated(),
                isExact ? declared.id() : null,
                isDispatched ? null : described.get(0),
                isDispatched ? dispatch(declared, alternatives).method() : "visit",
                described);
    }

    private Dispatch dispatch(ClassSpec declared, List<ModelGraph.Alternative> alternatives) {
        Dispatch known = dispatches.get(declared.id());
        if (known != null) {
            return known;
        }
        String method = "visit" + declared.id().simpleName();
        long taken = dispatches.values().stream().filter(d -> isNumbered(d, method)).count();
        Dispatch dispatch =
                new Dispatch(
                        taken == 0 ? method : method + (taken + 1),
                        declared.id(),
                        declared.traits().typeParameters(),
                        alternatives.stream().map(InjectorPlan::branch).toList());
        dispatches.put(declared.id(), dispatch);
        return dispatch;
    }

    private static boolean isNumbered(Dispatch dispatch, String method) {
        return dispatch.method().startsWith(method)
                && dispatch.method().substring(method.length()).chars().allMatch(c -> c <= '9');
    }

    private static Branch branch(ModelGraph.Alternative one) {
        return new Branch(
                one.type().id(),
                one.type().traits().typeParameters(),
                !one.type().traits().has(Trait.FINAL),
                one.visited() == null ? null : one.visited().id());
    }

    private List<TieGroup> ties() {
        TieRoots roots = new TieRoots(subject.ties());
        Map<String, List<Pair>> byWhen = new LinkedHashMap<>();
        for (TieLink link : subject.ties().links()) {
            byWhen.computeIfAbsent(link.when(), when -> new ArrayList<>())
                    .add(new Pair(link.reader(), roots.of(link)));
        }
        return byWhen.entrySet().stream()
                .map(
                        group ->
                                new TieGroup(
                                        group.getKey(),
                                        WhenRule.usable(spec, group.getKey())
                                                .map(Switch::access)
                                                .orElse(""),
                                        group.getValue()))
                .toList();
    }
}
