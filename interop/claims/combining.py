"""Several adapters."""

import torch
from claims.registry import claim, expect, fails, recorded
from claims.toys import Net, adapted, add, gap, linear, llama, scramble
from torch import nn

SVD = ("svd", "ties_svd", "dare_linear_svd", "dare_ties_svd", "magnitude_prune_svd")


def delta(model, adapter: str, layer: str = "fc") -> torch.Tensor:
    return getattr(model.base_model.model, layer).get_delta_weight(adapter).detach()


def two(**settings):
    model = adapted(Net(fc=linear(bias=True)), ["fc"], adapter="a", r=2, lora_alpha=3, **settings)
    add(model, "b", ["fc"], r=2, lora_alpha=6, **settings)
    scramble(model)
    return model


def combine(model, kind: str, weights=(1.0, 1.0), names=("a", "b"), **options) -> torch.Tensor:
    made = "_".join(["new", kind, *names])
    model.base_model.add_weighted_adapter(list(names), list(weights), made, combination_type=kind, **options)
    return delta(model, made)


@claim("svd-once")
def svd_once() -> str:
    """The svd forms count the scaling once: mended in 0.21.0."""
    model = two()
    sum_ = 0.5 * delta(model, "a") + 0.25 * delta(model, "b")
    found = combine(model, "svd", (0.5, 0.25), svd_rank=4)
    expect(gap(found, sum_) < 1e-5, f"svd differs from the sum by {gap(found, sum_)}")
    off = gap(found, sum_)
    for kind in SVD[1:]:
        # One weighs nothing and nothing is pruned, so that at most the other adapter is left.
        found = combine(model, kind, (1.0, 0.0), svd_rank=4, density=1.0)
        ratio = (found.norm() / delta(model, "a").norm()).item()
        expect(ratio < 1.001, f"{kind} is {ratio:.2f} times the adapter")
    return f"svd differs from the weighted sum by {off:.0e}, the other forms are at most the adapter"


@claim("one-is-linear")
def one_is_linear() -> str:
    """With one adapter every form is the linear one, whatever is asked for."""
    for kind in ("svd", "cat", "ties", "ties_svd", "magnitude_prune_svd"):
        model = two()
        found = combine(model, kind, (1.0,), ("a",), density=0.3)
        expect(gap(found, delta(model, "a")) < 1e-5, f"{kind} of one adapter is another")
    return "one adapter at weight 1 stays as it is, unpruned at density 0.3"


@claim("rslora-kept")
def rslora_kept() -> str:
    """add_weighted_adapter keeps use_rslora of the first adapter with alpha r: the result is √r times what it should be."""
    model = two(use_rslora=True)
    ratios = []
    for kind in ("cat", "svd"):
        sum_ = delta(model, "a") + delta(model, "b")
        found = combine(model, kind, svd_rank=4)
        rank = model.peft_config[f"new_{kind}_a_b"].r
        expect(gap(found, sum_ * rank**0.5) < 1e-4, f"{kind} is {(found / sum_).median():.3f} times the sum")
        ratios.append(f"{kind} of rank {rank}: {(found / sum_).median():.2f} times")
    return ", ".join(ratios)


@claim("combined-left-behind")
def combined_left_behind() -> str:
    """DoRA's lengths, token rows, saved modules and biases of factors are left behind without a word."""
    for settings in ({"modules_to_save": ["head"]}, {"trainable_token_indices": {"e": [1, 2]}}):
        model = adapted(Net(e=nn.Embedding(9, 4), fc=linear(), head=linear()), ["fc"], adapter="a", r=2, **settings)
        add(model, "b", ["fc"], r=2)
        inner = model.base_model.model
        with torch.no_grad():
            if "modules_to_save" in settings:
                parts = {name: module.weight for name, module in inner.head.modules_to_save.items()}
                parts["a"].add_(1)
            else:
                inner.e.token_adapter.trainable_tokens_delta["a"].add_(1)
        with recorded() as warned:
            combine(model, "linear", (1.0, 0.0))
        expect(not warned, f"warns {warned}")
        if "modules_to_save" in settings:
            parts = {name: module.weight for name, module in inner.head.modules_to_save.items()}
        else:
            parts = dict(inner.e.token_adapter.trainable_tokens_delta.items())
        new = parts.get("new_linear_a_b")
        expect(new is None or gap(new, parts["a"]) > 0.5, f"{next(iter(settings))} is combined")

    for settings, attribute in (({"use_dora": True}, "lora_magnitude_vector"), ({"lora_bias": True}, "lora_B")):
        model = two(**settings)
        layer = model.base_model.model.fc
        with torch.no_grad():
            part = getattr(layer, attribute)["a"]
            (part.weight if settings.get("use_dora") else part.bias).add_(1)
        with recorded() as warned:
            combine(model, "linear", (1.0, 0.0))
        expect(not warned, f"warns {warned}")
        new = getattr(layer, attribute)["new_linear_a_b"]
        part, new = (part.weight, new.weight) if settings.get("use_dora") else (part.bias, new.bias)
        expect(gap(new, part) > 0.5, f"{next(iter(settings))} is combined")
    return "the new adapter has fresh ones of each, and there is no warning"


@claim("combined-name-taken")
def combined_name_taken() -> str:
    """add_weighted_adapter under a name that exists returns and does nothing."""
    model = two()
    before = delta(model, "b")
    with recorded() as warned:
        model.base_model.add_weighted_adapter(["a"], [2.0], "b", combination_type="linear")
    expect(not warned and gap(before, delta(model, "b")) == 0, f"warns {warned} or changes it")
    return "nothing changed, no warning"


@claim("scale-layer")
def scale_layer() -> str:
    """scale_layer changes the model for everybody, and leaves embeddings as they are."""
    model = adapted(Net(e=nn.Embedding(9, 4), fc=linear()), ["e", "fc"])
    inner = model.base_model.model
    before = inner.fc.scaling["default"]
    for layer in (inner.e, inner.fc):
        layer.scale_layer(3)
    expect(inner.fc.scaling["default"] == 3 * before, "the linear layer is not scaled")
    expect(inner.e.scaling["default"] == before, "the embedding is scaled")
    return "linear times 3, embedding times 1"


@claim("batch-dora")
def batch_dora() -> str:
    """adapter_names refuses DoRA."""
    model = adapted(Net(fc=linear()), ["fc"], adapter="a", use_dora=True).eval()
    return fails(ValueError)(lambda: model(torch.randn(1, 4), adapter_names=["a"]))


@claim("batch-saved")
def batch_saved() -> str:
    """adapter_names refuses saved modules that are no linear, embedding or convolution."""
    model = adapted(Net(fc=linear(), norm=nn.LayerNorm(4)), ["fc"], adapter="a", modules_to_save=["norm"]).eval()
    return fails(TypeError)(lambda: model(torch.randn(1, 4), adapter_names=["a"]))


@claim("batch-training")
def batch_training() -> str:
    """adapter_names refuses training."""
    model = adapted(llama(), ["q_proj"], adapter="a").train()
    return fails(ValueError)(lambda: model(input_ids=torch.tensor([[1, 2]]), adapter_names=["a"]))
