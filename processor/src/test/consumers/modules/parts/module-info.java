/** A library of nested models. */
module com.example.parts {
    requires ai.djl.api;
    requires dev.ligature.annotations;
    requires dev.ligature.runtime;

    exports com.example.parts;
}
