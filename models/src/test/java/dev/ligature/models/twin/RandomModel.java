package dev.ligature.models.twin;

import dev.ligature.models.twin.RandomField.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A model made up from a seed: classes with nesting, lists, arrays, maps, superclasses of the same
 * and of another package, generic and sealed classes, names of all kinds, and ties with and without
 * conditions. It has no errors: what is random is only what is allowed.
 */
final class RandomModel {
    /** Field names, and the module names that the documentation promises for them. */
    private static final List<Map.Entry<String, String>> NAMES =
            List.of(
                    Map.entry("qProj", "q_proj"),
                    Map.entry("kvProj", "kv_proj"),
                    Map.entry("word2Vec", "word2_vec"),
                    Map.entry("URLHead", "urlhead"),
                    Map.entry("gate", "gate"),
                    Map.entry("mlp_up", "mlp_up"));

    private static final List<String> WRITTEN =
            List.of("attention.self.q", "self-attn.k", "w_", "", "Wo", "größe.v");

    private static final List<Kind> TARGETS =
            List.of(Kind.TARGET, Kind.TARGET_LIST, Kind.TARGET_ARRAY);

    private static final List<Kind> FIELDS =
            List.of(
                    Kind.TARGET,
                    Kind.TARGET_LIST,
                    Kind.TARGET_ARRAY,
                    Kind.CHILD,
                    Kind.CHILD_LIST,
                    Kind.CHILD_ARRAY,
                    Kind.CHILD_MAP,
                    Kind.PLAIN);

    private final Random random;
    private final String packageName;
    private final List<RandomClass> classes = new ArrayList<>();
    private final List<RandomClass> childClasses = new ArrayList<>();
    private final RandomClass root;
    private int count;

    RandomModel(long seed) {
        this.random = new Random(seed);
        this.packageName = "random.m" + seed;
        this.root = make(0, "final ", false);
        List<RandomField> targets =
                root.fields().stream().filter(field -> field.kind() == Kind.TARGET).toList();
        if (!targets.isEmpty()) {
            targets.get(0).setRole("INPUT_EMBEDDING");
            targets.get(targets.size() - 1).setRole("OUTPUT_HEAD");
        }
    }

    /** Returns the class that reaches the others. */
    RandomClass root() {
        return root;
    }

    /** Returns the files by the names of their classes. */
    Map<String, String> sources() {
        Map<String, String> sources = new TreeMap<>();
        for (RandomClass one : classes) {
            sources.put(one.fileName(), one.source(chance(50) ? "" : "protected "));
        }
        return sources;
    }

    private RandomClass make(int depth, String modifiers, boolean isBase) {
        boolean isElsewhere = isBase && chance(50);
        String outer = !isElsewhere && depth > 0 && chance(15) ? "Around" + next() : "";
        String name = "Model" + next();
        RandomClass made = new RandomClass(packageName + (isElsewhere ? ".base" : ""), outer, name);
        boolean isPublic = isElsewhere || (outer.isEmpty() && chance(50));
        made.setModifiers((isPublic ? "public " : "") + modifiers);
        classes.add(made);
        if (depth < 3 && !isBase && chance(25)) {
            made.setSuperclass(make(depth + 1, chance(50) ? "abstract " : "", true));
        }
        boolean isLeaf = isElsewhere || depth >= 3 || classes.size() >= 8;
        if (!isLeaf && chance(20)) {
            made.setBound(child(depth));
        }
        int size = 1 + random.nextInt(4);
        for (int i = 0; i < size; i++) {
            addField(made, depth, isLeaf);
        }
        addTies(made);
        return made;
    }

    private void addField(RandomClass made, int depth, boolean isLeaf) {
        List<Kind> kinds = isLeaf ? TARGETS : FIELDS;
        Kind kind = kinds.get(random.nextInt(kinds.size()));
        // The first one is annotated: a class without annotations is no child.
        boolean isPlain = kind == Kind.PLAIN && made.fields().isEmpty();
        kind = isPlain || chance(40) ? Kind.TARGET : kind;
        RandomClass child = null;
        String element = "";
        if (kind.isChild()) {
            boolean isVariable = made.bound() != null && chance(50) && kind != Kind.CHILD_ARRAY;
            child = isVariable ? made.bound() : child(depth);
            element = isVariable ? "T" : child.reference();
            // Java has no arrays of parameterised types that are not wildcards.
            boolean isGeneric = element.contains("<") && kind == Kind.CHILD_ARRAY;
            element = isGeneric ? element.replaceAll("<.*>", "<?>") : element;
        }
        int number = next();
        Map.Entry<String, String> name = NAMES.get(random.nextInt(NAMES.size()));
        boolean isWritten = chance(50);
        String module = isWritten ? WRITTEN.get(random.nextInt(WRITTEN.size())) + number : "";
        RandomField field = new RandomField(kind, name.getKey() + number, module, child, element);
        made.add(field, field.moduleOr(name.getValue() + number));
    }

    /** Returns a class for a child: one that there is, a new one, or a new sealed one. */
    private RandomClass child(int depth) {
        if (!childClasses.isEmpty() && chance(30)) {
            return childClasses.get(random.nextInt(childClasses.size()));
        }
        RandomClass made =
                chance(20) ? sealed(depth) : make(depth + 1, chance(50) ? "final " : "", false);
        childClasses.add(made);
        return made;
    }

    private RandomClass sealed(int depth) {
        RandomClass made = new RandomClass(packageName, "", "Open" + next());
        made.setModifiers("sealed abstract ");
        classes.add(made);
        if (chance(50)) {
            addField(made, 3, true);
        }
        for (int i = 0; i < 2; i++) {
            RandomClass one = new RandomClass(packageName, "", "Variant" + next());
            one.setModifiers(chance(50) ? "final " : "non-sealed ");
            one.setSuperclass(made);
            classes.add(one);
            addField(one, Math.max(depth + 1, 2), classes.size() >= 8);
            addTies(one);
            made.permitted().add(one);
        }
        return made;
    }

    /** Ties modules to earlier ones, so that there is no circle, each at most once. */
    private void addTies(RandomClass made) {
        List<String> paths =
                made.single().keySet().stream()
                        .filter(path -> !made.dispatched().contains(path))
                        .toList();
        for (RandomField field : List.copyOf(made.fields())) {
            int at = reader(made, paths, field);
            if (at > 0 && chance(40)) {
                String source = source(made, paths, at);
                field.addTie("@Tied(value = \"" + source + "\"" + when(made) + ")");
                made.tied().add(paths.get(at));
            }
        }
        int at = paths.size() < 2 ? 0 : 1 + random.nextInt(paths.size() - 1);
        if (at > 0 && chance(30) && made.tied().add(paths.get(at))) {
            String source = source(made, paths, at);
            String module = written(made, paths.get(at), "");
            made.classTies()
                    .add(
                            "@Tied(module = \"%s\", value = \"%s\"%s)"
                                    .formatted(module, source, when(made)));
        }
    }

    /** Returns where the module of a field stands in the paths; 0 if it cannot be tied. */
    private static int reader(RandomClass made, List<String> paths, RandomField field) {
        for (int i = 0; i < paths.size(); i++) {
            List<RandomField> way = made.single().get(paths.get(i));
            if (way.size() == 1 && way.get(0) == field && !made.tied().contains(paths.get(i))) {
                return i;
            }
        }
        return 0;
    }

    private String source(RandomClass made, List<String> paths, int before) {
        String path = paths.get(random.nextInt(before));
        made.single().get(path).forEach(RandomField::need);
        return written(made, path, paths.get(before));
    }

    /** Returns a path, or an end of it that means no other module. */
    private String written(RandomClass made, String path, String reader) {
        List<String> all = new ArrayList<>(made.single().keySet());
        all.addAll(made.dispatched());
        String end = path;
        while (end.contains(".") && chance(60)) {
            String shorter = end.substring(end.indexOf('.') + 1);
            boolean isClear =
                    all.stream()
                            .filter(other -> !other.equals(path) && !other.equals(reader))
                            .noneMatch(o -> o.equals(shorter) || o.endsWith("." + shorter));
            boolean isReader = reader.equals(shorter) || reader.endsWith("." + shorter);
            if (!isClear || isReader) {
                break;
            }
            end = shorter;
        }
        return end;
    }

    private String when(RandomClass made) {
        if (chance(50)) {
            return "";
        }
        String flag = "flag" + next();
        made.add(new RandomField(Kind.FLAG, flag, "", null, ""), "");
        if (chance(50)) {
            return ", when = \"" + flag + "\"";
        }
        String method = "is" + next();
        made.methods().add("boolean " + method + "() { return " + flag + "; }");
        return ", when = \"" + method + "\"";
    }

    private int next() {
        return count++;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }
}
