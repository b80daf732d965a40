/** The annotations of a model class. */
module dev.ligature.annotations {
    exports dev.ligature.annotation;
}
