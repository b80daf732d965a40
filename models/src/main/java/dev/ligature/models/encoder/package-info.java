/** What encoders of several families share: inputs, padding, fields of config.json. */
@NullMarked
package dev.ligature.models.encoder;

import org.jspecify.annotations.NullMarked;
