package dev.ligature.internal.names;

import dev.ligature.config.ModuleSelection;
import java.util.Set;

/** Whether a selection means a module of a name. */
public sealed interface NameMatch {

    /** Returns whether the name is meant. */
    boolean fits(String name);

    /** Returns whether a name that fits does so whatever layers are asked for. */
    boolean bypassesLayers(String name);

    static NameMatch of(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            return new ByName(names.names());
        }
        if (selection instanceof ModuleSelection.Regex regex) {
            return new ByRegex(PythonRegex.compile(regex.expression()));
        }
        return new Nothing();
    }

    /** Returns whether an entry of a list means a name: it is the name, or its end from a dot. */
    static boolean fits(String entry, String name) {
        int start = name.length() - entry.length();
        return name.endsWith(entry) && (start == 0 || name.charAt(start - 1) == '.');
    }

    /** Names of modules, or what their names end with. */
    record ByName(Set<String> entries) implements NameMatch {
        @Override
        public boolean fits(String name) {
            // Looked up, not compared one by one: files list every module of a model at times.
            if (entries.contains(name)) {
                return true;
            }
            for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
                if (entries.contains(name.substring(dot + 1))) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public boolean bypassesLayers(String name) {
            return entries.contains(name);
        }
    }

    /** An expression for whole names. */
    record ByRegex(PythonRegex regex) implements NameMatch {
        @Override
        public boolean fits(String name) {
            return regex.fullMatch(name);
        }

        @Override
        public boolean bypassesLayers(String name) {
            return true;
        }
    }

    /** No name: the selection goes by kind. */
    record Nothing() implements NameMatch {
        @Override
        public boolean fits(String name) {
            return false;
        }

        @Override
        public boolean bypassesLayers(String name) {
            return false;
        }
    }
}
