package dev.ligature.inject;

/**
 * Shows the annotated fields of a model to a visitor; the {@code visit} method of each generated
 * class is one.
 *
 * @param <M> the model class
 */
@FunctionalInterface
public interface ModuleVisit<M> {
    /**
     * Shows every annotated field of the model, in order of declaration.
     *
     * @param model the model
     * @param visitor the visitor, scoped to the model's own path
     */
    void visit(M model, ModuleVisitor visitor);
}
