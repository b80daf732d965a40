"""Tied weights: how adapters are made, and what they compute."""

import copy

import torch
from claims.registry import claim, expect, fails, recorded
from claims.toys import (
    IDS, SIZE, TIED, VOCABULARY, Net, Tied, adapted, add, both, gap, linear, llama, logits, lora_layers, scramble, shared, tied_llama,
)  # fmt: skip
from peft import LoraConfig, get_peft_model
from torch import nn

PLAIN = ["embed_tokens", "lm_head"]


@claim("D2")
def moved() -> str:
    """Another data type or device unties."""
    model = tied_llama()
    expect(shared(model), "not tied at first")
    expect(not shared(model.double()), "still tied after double()")
    return "one storage before .double(), two after"


@claim("D3")
def second_adapter() -> str:
    """A second adapter is never tied, or has no head."""
    model = tied_llama()
    add(model, "b", PLAIN, **TIED)
    embedding, head = both(model)
    expect("b" in embedding.lora_embedding_A and "b" not in head.lora_A, "a Llama's head has the second adapter")
    listed = adapted(Tied(), PLAIN, **TIED)
    expect(shared(listed), "the first is not tied")
    add(listed, "b", PLAIN, **TIED)
    expect(not shared(listed, "b"), "the second is tied")
    return "no head in a Llama; two pairs where _tied_weights_keys is a list"


@claim("D5")
def start_of_head() -> str:
    """The head starts the shared factors anew."""
    torch.manual_seed(0)
    apart = both(adapted(llama(), PLAIN, r=64))[0].lora_embedding_B["default"].std().item()
    tied = both(tied_llama(r=64))[0].lora_embedding_B["default"].std().item()
    expect(0.9 < apart < 1.1 and 0.1 < tied < 0.25, f"{apart:.2f} and {tied:.2f}")
    return f"the deviation is {apart:.2f} untied and {tied:.2f} tied, at d = {SIZE}"


@claim("D6")
def pissa_on_tie() -> str:
    """PiSSA or OLoRA on a tied weight changes what the embedding looks up."""
    for start in ("pissa", "olora"):
        base = llama()
        before = base.get_input_embeddings()(IDS).detach().clone()
        model = tied_llama(init_lora_weights=start)
        after = both(model)[0](IDS).detach()
        expect(gap(before, after) > 1e-2, f"{start}: the same")
    return f"the looked-up rows change by {gap(before, after):.1g}"


@claim("D7")
def pattern_for_one() -> str:
    """A rank pattern for one reader: the updates differ by a factor of 2."""
    model = tied_llama(r=8, rank_pattern={"lm_head": 4})
    scramble(model)
    embedding, head = both(model)
    ratio = (head.get_delta_weight("default") / embedding.get_delta_weight("default")).median().item()
    expect(abs(ratio - 2) < 1e-3, f"{ratio}")
    return f"the head's update is {ratio:.2f} times the embedding's"


@claim("D8")
def dora() -> str:
    """DoRA has two magnitudes, and unmerging leaves an error in the base."""
    model = tied_llama(use_dora=True)
    scramble(model)
    embedding, head = both(model)
    shapes = [tuple(layer.lora_magnitude_vector["default"].weight.shape) for layer in (embedding, head)]
    expect(shapes[0] != shapes[1], f"{shapes}")
    weight = embedding.base_layer.weight
    before = weight.detach().clone()
    with recorded():
        model.merge_adapter()
        model.unmerge_adapter()
    expect(gap(weight, before) > 0.1, f"an error of {gap(weight, before)}")
    return f"magnitudes {shapes}; an error of {gap(weight, before):.2g} after unmerging"


@claim("D9")
def merge_twice() -> str:
    """Merging adds 2 ΔW."""
    model = tied_llama()
    scramble(model)
    embedding, _ = both(model)
    delta, weight = embedding.get_delta_weight("default").detach().clone(), embedding.base_layer.weight
    before, moved_by = weight.detach().clone(), logits(model)
    with recorded():
        model.merge_adapter()
    expect(gap(weight - before, 2 * delta) < 1e-4 and delta.abs().max() > 0.1, "something else is added")
    return f"the weight moves by twice the update, logits by {gap(logits(model), moved_by):.2g}"


@claim("D10")
def by_name() -> str:
    """Ties are found by name: `model\\.embed_tokens` unties, a foreign lm_head is tied."""
    found = lora_layers(adapted(llama(), r"model\.embed_tokens", **TIED))
    expect(set(found) == {"model.embed_tokens"}, f"adapts {sorted(found)}")
    base = Tied()
    base.other = Net(lm_head=linear(SIZE, VOCABULARY))
    found = lora_layers(adapted(base, ["embed_tokens"], **TIED))
    expect("other.lm_head" in found, f"adapts {sorted(found)}")
    return "the head is left out; other.lm_head, which shares nothing, is adapted"


class Nested(nn.Module):
    """A tied model below another: its head is not at the root."""

    def __init__(self):
        super().__init__()
        inner = Tied()
        self._tied_weights_keys = ["language_model.lm_head.weight"]
        self.config, self.language_model = inner.config, inner

    def get_input_embeddings(self):
        return self.language_model.model.embed_tokens

    def get_output_embeddings(self):
        return self.language_model.lm_head

    def forward(self, input_ids):
        return self.language_model(input_ids)


@claim("D11")
def nested_head() -> str:
    """A nested head is not tied."""
    model = adapted(Nested(), PLAIN, **TIED)
    found = lora_layers(model)
    expect(set(found) == {"language_model.model.embed_tokens", "language_model.lm_head"}, f"adapts {sorted(found)}")
    embedding, head = found["language_model.model.embed_tokens"], found["language_model.lm_head"]
    apart = embedding.lora_embedding_B["default"].data_ptr() != head.lora_A["default"].weight.data_ptr()
    expect(apart, "the nested head is tied")
    return "two pairs for language_model.lm_head and its embedding"


@claim("D11b")
def scaled() -> str:
    """scale_layer leaves embeddings out: head times 3, embedding times 1."""
    model = tied_llama()
    for layer in both(model):
        layer.scale_layer(3)
    embedding, head = (layer.scaling["default"] / 2 for layer in both(model))
    expect((embedding, head) == (1, 3), f"embedding times {embedding}, head times {head}")
    return "embedding times 1, head times 3"


@claim("D14")
def excluded() -> str:
    """exclude_modules of one reader is ignored, or fails half way."""
    found = lora_layers(adapted(llama(), PLAIN, exclude_modules=["lm_head"], **TIED))
    expect("lm_head" in found, f"adapts {sorted(found)}")
    error = fails(AttributeError)(lambda: adapted(llama(), ["lm_head", "q_proj"], exclude_modules=["embed_tokens"], **TIED))
    return f"lm_head is adapted though excluded; embed_tokens excluded: {error}"


@claim("D15")
def saved_and_targeted() -> str:
    """modules_to_save and target_modules on one tie: a TypeError half way, or no LoRA without a word."""
    error = fails(TypeError)(lambda: adapted(llama(), ["lm_head", "q_proj"], modules_to_save=["embed_tokens"], **TIED))
    with recorded() as warned:
        config = LoraConfig(target_modules=["embed_tokens", "q_proj"], modules_to_save=["lm_head"], **TIED)
        model = get_peft_model(llama(), config)
    expect("model.embed_tokens" not in lora_layers(model), "the embedding is adapted")
    expect(not warned, f"warns {warned}")
    return f"{error}; the other way round no LoRA on the embedding, and no warning"


@claim("D16")
def deep_copy() -> str:
    """A model with tied adapters cannot be deep-copied."""
    copy.deepcopy(adapted(llama(), PLAIN))
    return fails(RuntimeError)(lambda: copy.deepcopy(tied_llama()))


@claim("D17")
def tied_copy() -> str:
    """The saved copy of a tied head has no bias, that of a tied embedding is a linear layer."""
    settings = {"modules_to_save": ["embed_tokens"], **TIED}
    head = adapted(Tied(bias=True), ["fc"], **settings).base_model.model.lm_head.modules_to_save["default"]
    expect(head.bias is None, "the head's bias is there")
    base = Tied()
    base.decoder = nn.Module()
    base.decoder.embed_tokens = nn.Embedding(VOCABULARY, SIZE)
    base.decoder.embed_tokens.weight = base.model.embed_tokens.weight
    base._tied_weights_keys = ["lm_head.weight", "decoder.embed_tokens.weight"]
    embedding = adapted(base, ["fc"], modules_to_save=["model.embed_tokens"], **TIED).base_model.model.decoder.embed_tokens
    expect(isinstance(embedding.modules_to_save["default"], nn.Linear), "the second embedding is no linear layer")
    return "no bias; a Linear"


@claim("D25")
def caller_rewritten() -> str:
    """The caller's configuration is rewritten."""
    config, entries = LoraConfig(target_modules=["lm_head"], **TIED), ["lm_head"]
    with recorded():
        get_peft_model(llama(), config)
        get_peft_model(llama(), LoraConfig(target_modules=["q_proj"], modules_to_save=entries, **TIED))
    expect(config.target_modules == {"model.embed_tokens"} and entries != ["lm_head"], f"{config.target_modules}, {entries}")
    return f"target_modules is {sorted(config.target_modules)}, the caller's list {entries}"


@claim("D26")
def rows_and_pair() -> str:
    """Token rows and LoRA on one weight: a TypeError, or not, by the kind of model."""
    rows = {"trainable_token_indices": [1, 2]}
    error = fails(TypeError)(lambda: adapted(llama(), ["embed_tokens", "q_proj"], **rows, **TIED))
    other = fails(TypeError)(lambda: adapted(Tied(), ["lm_head", "fc"], **rows))
    adapted(llama(), ["lm_head", "q_proj"], **rows)
    return f"{error}; {other[:9]} where _tied_weights_keys is a list; none of a Llama's head without the flag"


@claim("D27")
def max_norm() -> str:
    """max_norm of the embedding rescales the factors in a forward pass."""
    model = adapted(Net(e=nn.Embedding(9, 4, max_norm=0.1)), ["e"])
    scramble(model)
    factor = model.base_model.model.e.lora_embedding_A["default"]
    before = factor.detach().clone()
    with torch.no_grad():
        model(torch.tensor([[1, 2]]))
    expect(gap(before, factor) > 0.01, "the factor is the same")
    return f"A changes by {gap(before, factor):.2g}"


@claim("D28")
def two_names() -> str:
    """One embedding object under two names is adapted at one of them."""
    base = Net(a=nn.Embedding(9, 4))
    base.b = base.a
    inner = adapted(base, ["a", "b"]).base_model.model
    expect((type(inner.a) is nn.Embedding) != (type(inner.b) is nn.Embedding), "both or none is adapted")
    return "a is adapted, b is the plain embedding"


@claim("composite-readers")
def composite_readers() -> str:
    """PEFT adapts the layers it wraps and no other reader of a weight."""

    class Reader(nn.Module):
        def __init__(self, weight):
            super().__init__()
            self.weight = weight

        def forward(self, x):
            return x @ self.weight.T

    fc = linear()
    model = adapted(Net(fc=fc, reader=Reader(fc.weight)), ["fc"])
    scramble(model)
    inner, x = model.base_model.model, torch.randn(2, 4)
    expect(gap(inner.reader(x), x @ fc.weight.T) == 0, "the other reader sees the update")
    return "the other reader sees the base's weight"
