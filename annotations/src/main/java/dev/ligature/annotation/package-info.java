/**
 * What a model author writes on a model class: which fields LoRA may adapt, which fields hold
 * nested annotated models, and which modules read one weight. Only annotations and the enum they
 * use may live here; nothing here depends on anything but the JDK.
 */
package dev.ligature.annotation;
