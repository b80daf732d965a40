package dev.ligature.plan;

import java.util.Set;

/** Whether a selection means a module of a name. */
sealed interface NameMatch {

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
        return name.equals(entry) || name.endsWith("." + entry);
    }

    /** Names of modules, or what their names end with. */
    record ByName(Set<String> entries) implements NameMatch {
        @Override
        public boolean fits(String name) {
            return entries.stream().anyMatch(entry -> NameMatch.fits(entry, name));
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
