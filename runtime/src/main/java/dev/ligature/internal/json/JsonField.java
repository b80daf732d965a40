package dev.ligature.internal.json;

/**
 * Where a value stands in a document.
 *
 * @param parent the names of the objects around it, joined by dots; empty at the top
 * @param name its own name
 */
public record JsonField(String parent, String name) {
    @Override
    public String toString() {
        return parent.isEmpty() ? name : parent + "." + name;
    }
}
