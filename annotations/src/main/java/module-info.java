/** The annotations of a model class, and what the processor and the runtime share. */
@SuppressWarnings("module") // The two modules are compiled after this one.
module dev.ligature.annotations {
    exports dev.ligature.annotation;
    exports dev.ligature.internal.hint to
            dev.ligature.processor,
            dev.ligature.runtime;
}
