"""What is replaced: token rows, saved modules, biases."""

import torch
from claims.registry import claim, expect, fails, recorded
from claims.toys import (
    SIZE, TIED, VOCABULARY, Net, adapted, add, gap, linear, llama, logits, scramble,
)  # fmt: skip
from peft import LoraConfig, get_peft_model
from torch import nn


@claim("rows-bias")
def rows_bias() -> str:
    """The bias of a head with token rows is left out of the forward pass."""
    base = Net(fc=linear(SIZE, SIZE), lm_head=linear(SIZE, VOCABULARY, bias=True))
    x = torch.randn(2, SIZE)
    plain, bias = base(x).detach(), base.lm_head.bias.detach()
    found = adapted(base, ["fc"], trainable_token_indices={"lm_head": [1, 2]})(x).detach()
    expect(gap(found, plain - bias) < 1e-5 and bias.abs().max() > 1e-3, "the bias is added")
    return "outputs are those without the bias"


@claim("rows-of-head")
def rows_of_head() -> str:
    """Rows of the head alone stay with the head, whatever ensure_weight_tying says."""
    for settings in ({}, TIED):
        inner = adapted(llama(), ["q_proj"], trainable_token_indices={"lm_head": [1, 2]}, **settings).base_model.model
        expect(hasattr(inner.lm_head, "token_adapter"), "the head has no rows")
        expect(type(inner.model.embed_tokens) is nn.Embedding, "the embedding has rows")
    return "the embedding has none, with the flag and without"


@claim("rows-order")
def rows_order() -> str:
    """[1, 2] and [2, 1] are a conflict of tied layers."""
    rows = {"lm_head": [1, 2], "embed_tokens": [2, 1]}
    return fails(ValueError)(lambda: adapted(llama(), ["q_proj"], trainable_token_indices=rows, **TIED))


@claim("rows-and-copy")
def rows_and_copy() -> str:
    """modules_to_save and token rows on one embedding: refused where both are spelled alike; else the forward pass fails."""
    alike = {"modules_to_save": ["embed_tokens"], "trainable_token_indices": {"embed_tokens": [1, 2]}}
    error = fails(ValueError)(lambda: adapted(llama(tied=False), ["q_proj"], **alike))
    other = {"modules_to_save": ["embed_tokens"], "trainable_token_indices": [1, 2]}
    model = adapted(llama(tied=False), ["q_proj"], **other)
    trained = [n for n, p in model.named_parameters() if p.requires_grad and "embed_tokens" in n]
    expect(len(trained) == 2, f"trains {trained}")
    return f"{error}; a list of indices makes both, and then {fails(ValueError)(lambda: logits(model))}"


@claim("save-norm")
def save_norm() -> str:
    """modules_to_save with `norm` means every module whose name ends so."""
    inner = adapted(llama(), ["q_proj"], modules_to_save=["norm"]).base_model.model.model
    wrapped = [hasattr(m, "modules_to_save") for m in (inner.norm, inner.layers[0].input_layernorm)]
    expect(all(wrapped), f"{wrapped}")
    return "input_layernorm is saved too"


@claim("bias-in-place")
def bias_in_place() -> str:
    """Biases of the base are trained in place: one such adapter a model, and turning it off does not bring them back."""
    base = Net(fc=linear(bias=True))
    model = adapted(base, ["fc"], bias="lora_only")
    trained = [p for n, p in model.named_parameters() if p.requires_grad and n.endswith("bias")]
    expect(len(trained) == 1, f"{len(trained)} biases are trained")
    error = fails(ValueError)(lambda: add(model, "b", ["fc"], bias="lora_only"))
    x = torch.randn(2, 4)
    before = model(x).detach()
    with torch.no_grad():
        trained[0].add_(1)
    with recorded(), model.disable_adapter():
        off = gap(model(x), before)
    expect(abs(off - 1) < 1e-5, f"off by {off}")
    return f"{error}; disabled, the output is still off by {off:.0f}"


@claim("merge-one-reader")
def merge_one_reader() -> str:
    """Merging an adapter that treats the readers of a tied weight differently gives a wrong model, with a warning."""
    model = get_peft_model(llama(), LoraConfig(target_modules=["lm_head"]))
    scramble(model)
    before = logits(model)
    with recorded() as warned:
        merged = model.merge_and_unload()
    expect(any("tie_word_embeddings" in text for text in warned), f"warns {warned}")
    off = gap(logits(merged), before)
    expect(off > 0.5, f"off by {off}")
    return f"a warning, and logits off by {off:.2g}"
