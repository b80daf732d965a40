/**
 * Adapters, checkpoints and training for DJL models. What is not exported here is not API.
 *
 * <p>EJML has no module name of its own: its classes are part of the packaged module, so it is only
 * required to compile.
 */
module dev.ligature.runtime {
    requires transitive ai.djl.api;
    requires transitive dev.ligature.annotations;
    requires transitive java.net.http;
    requires com.google.gson;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires static ejml.core;
    requires static ejml.ddense;

    exports dev.ligature;
    exports dev.ligature.block;
    exports dev.ligature.checkpoint;
    exports dev.ligature.config;
    exports dev.ligature.inject;
    exports dev.ligature.interop;
    exports dev.ligature.ops;
    exports dev.ligature.plan;
    exports dev.ligature.store;
    exports dev.ligature.store.remote;
    exports dev.ligature.training;
    exports dev.ligature.training.schedule;

    uses dev.ligature.ops.EngineOperators;
}
