package dev.ligature.models.gemma;

import dev.ligature.models.decoder.DecoderConfig;

/**
 * What the config.json of a checkpoint says about a Gemma.
 *
 * @param decoder what all decoders have
 * @param headNorms whether queries and keys have norms: Gemma 3
 * @param queryScalar the number s of which scores are multiplied by {@code s^-½}
 * @param scoreCap c of scores that become {@code c · tanh(score / c)}; 0 if they stay
 * @param logitCap the same of logits
 */
record GemmaConfig(
        DecoderConfig decoder,
        boolean headNorms,
        double queryScalar,
        double scoreCap,
        double logitCap) {}
