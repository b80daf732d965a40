/**
 * The oracle of generated code: an injector that does by reflection what generated classes do by
 * assignment, written from the documentation of the annotations and sharing no code with the
 * processor. It is compared with generated classes on the example models and on random ones.
 */
package dev.ligature.models.twin;
