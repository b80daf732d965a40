/**
 * The contract with the classes that the processor writes: how they walk a model, and how they
 * describe it. Generated classes call this package and {@code LoraModel.wrap}, nothing else; what
 * is done with the modules that are met belongs to the sinks, in other packages.
 */
@NullMarked
package dev.ligature.inject;

import org.jspecify.annotations.NullMarked;
