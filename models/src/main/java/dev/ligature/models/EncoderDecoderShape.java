package dev.ligature.models;

/**
 * What text generation depends on in a model whose decoder reads an encoder.
 *
 * @param decoder the sizes of the decoder
 * @param startToken what the decoder begins with
 */
public record EncoderDecoderShape(DecoderShape decoder, int startToken) {}
