/** An application with a model. */
module com.example.app {
    requires ai.djl.api;
    requires com.example.parts;
    requires dev.ligature.annotations;
    requires dev.ligature.runtime;
}
