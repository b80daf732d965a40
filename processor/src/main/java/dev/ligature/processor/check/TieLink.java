package dev.ligature.processor.check;

import dev.ligature.processor.diag.Site;

/**
 * A tie between two paths.
 *
 * @param reader the module that is tied
 * @param source the module whose weight it reads
 * @param when the member that says whether it holds, with the path and class that have it; empty if
 *     it always does
 * @param isOwn whether the class itself declares it
 * @param site where it is written
 */
record TieLink(String reader, String source, String when, boolean isOwn, Site site) {
    boolean always() {
        return when.isEmpty();
    }
}
