/** A library of nested models. */
module com.example.parts {
    requires transitive ai.djl.api;
    requires transitive dev.ligature.annotations;
    requires transitive dev.ligature.runtime;

    exports com.example.parts;
}
