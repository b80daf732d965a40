/**
 * For generated code: the contract with the classes that the processor writes, how they walk a
 * model and how they describe it. Generated classes call this package, {@code LoraModel.wrap} and
 * {@code untieBase}, and {@code BaseCheckpoint.load}, nothing else; what is done with the modules
 * that are met is the business of visitors, in other packages.
 */
@NullMarked
package dev.ligature.inject;

import org.jspecify.annotations.NullMarked;
