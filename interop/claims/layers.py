"""The mathematics of LoRA."""

import tempfile

import torch
from claims.registry import claim, expect, fails, recorded
from claims.toys import TIED, Net, Tied, adapted, add, gap, linear, lora_layers, scramble
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn
from transformers.pytorch_utils import Conv1D

STARTS = ("pissa", "olora")


def converted(net: Net, targets, **settings) -> dict:
    """The tensors that PEFT's conversion to plain LoRA saves."""
    with tempfile.TemporaryDirectory() as folder:
        model = adapted(net, targets, **settings)
        model.save_pretrained(folder + "/start")
        scramble(model)
        model.save_pretrained(folder + "/out", path_initial_model_for_weight_conversion=folder + "/start")
        return load_file(folder + "/out/adapter_model.safetensors")


@claim("start-writes-base")
def start_writes_base() -> str:
    """PiSSA and OLoRA replace the weight of the base by W - s B0 A0, which every other adapter sees."""
    for start in STARTS:
        net = Net(fc=linear())
        before = net.fc.weight.detach().clone()
        model = adapted(net, ["fc"], init_lora_weights=start)
        layer = model.base_model.model.fc
        after = layer.base_layer.weight
        expect(gap(after, before) > 1e-2, f"{start} leaves the base as it was")
        expect(gap(after + layer.get_delta_weight("default"), before) < 1e-5, f"{start}: another weight")
        add(model, "b", ["fc"])
        model.set_adapter("b")
        x = torch.randn(2, 4)
        expect(gap(model(x), x @ before.T) > 1e-3, f"{start}: another adapter does not see it")
    return "the weight is another, under a second adapter too"


@claim("start-rounds-half")
def start_rounds_half() -> str:
    """On a half-precision base W - s B0 A0 is rounded to that precision."""
    torch.manual_seed(0)
    for start in STARTS:
        net = Net(fc=linear(16, 16).to(torch.bfloat16))
        before = net.fc.weight.detach().clone()
        layer = adapted(net, ["fc"], init_lora_weights=start).base_model.model.fc
        expect(layer.base_layer.weight.dtype == torch.bfloat16, f"{start}: {layer.base_layer.weight.dtype}")
        factors = layer.lora_B["default"].weight.float() @ layer.lora_A["default"].weight.float()
        off = gap(layer.base_layer.weight.float() + factors * layer.scaling["default"], before.float())
        expect(off > 1e-5, f"{start}: exact, {off}")
    return f"W − s·B₀A₀ + s·B₀A₀ differs from W by {off:.0e}"


@claim("conversion-loses")
def conversion_loses() -> str:
    """PEFT's conversion to plain LoRA loses the lengths of DoRA and the pairs of embeddings."""
    kept = converted(Net(fc=linear()), ["fc"], init_lora_weights="pissa", use_dora=True)
    expect(not any("magnitude" in key for key in kept), f"keeps {sorted(kept)}")
    kept = converted(Net(embed=nn.Embedding(9, 4), fc=linear()), ["embed", "fc"], init_lora_weights="olora")
    expect(not any("embed" in key for key in kept), f"keeps {sorted(kept)}")
    return "no magnitudes and no pair of the embedding in the file"


@claim("conversion-rslora-patterns")
def conversion_rslora_patterns() -> str:
    """PEFT's conversion refuses use_rslora with patterns."""
    settings = {"init_lora_weights": "pissa", "use_rslora": True, "rank_pattern": {"fc": 2}}
    return fails(ValueError)(lambda: converted(Net(fc=linear(), b=linear()), ["fc", "b"], **settings))


@claim("niter-anew")
def niter_anew() -> str:
    """pissa_niter draws anew each time, with other numbers."""
    torch.manual_seed(3)
    net = Net(fc=linear(24, 24))
    state = {key: t.clone() for key, t in net.state_dict().items()}
    found = []
    for _ in range(2):
        net = Net(fc=linear(24, 24))
        net.load_state_dict(state)
        layer = adapted(net, ["fc"], init_lora_weights="pissa_niter_1").base_model.model.fc
        found.append(layer.get_delta_weight("default"))
    expect(gap(*found) > 1e-6, "twice the same")
    return f"two draws differ by {gap(*found):.0e}"


@claim("start-rank")
def start_rank() -> str:
    """With a rank above the smaller side PiSSA and OLoRA give smaller factors, which PEFT cannot convert to plain LoRA."""
    for start in STARTS:
        model = adapted(Net(fc=linear(6, 3)), ["fc"], r=5, init_lora_weights=start)
        rank = model.base_model.model.fc.lora_A["default"].weight.shape[0]
        expect(rank == 3, f"{start}: factors of rank {rank}")
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder + "/a")
            save = {"path_initial_model_for_weight_conversion": folder + "/a"}
            error = fails(RuntimeError)(lambda: model.save_pretrained(folder + "/b", **save))
    return f"r 5 gave rank 3; converting it: {error}"


@claim("start-float64")
def start_float64() -> str:
    """PiSSA and OLoRA refuse a float64 base."""
    for start in STARTS:
        error = fails(TypeError)(lambda: adapted(Net(fc=linear().double()), ["fc"], init_lora_weights=start))
    return error


@claim("fan-in-fan-out")
def fan_in_fan_out() -> str:
    """The factors of a layer that stores (in, out) have the shapes of one that stores (out, in)."""
    shapes = []
    for layer in (Conv1D(5, 4), nn.Linear(4, 5)):
        found = adapted(Net(fc=layer), ["fc"], fan_in_fan_out=isinstance(layer, Conv1D)).base_model.model.fc
        shapes.append((found.lora_A["default"].weight.shape, found.lora_B["default"].weight.shape))
    expect(shapes[0] == shapes[1], f"{shapes}")
    return "A (r, in) and B (out, r) for both"


@claim("fan-in-fan-out-corrected")
def fan_in_fan_out_corrected() -> str:
    """PEFT warns of a wrong fan_in_fan_out at each linear module, and the configuration keeps the last one's."""
    found = []
    for layers in ({"a": linear(), "b": Conv1D(4, 4)}, {"a": Conv1D(4, 4), "b": linear()}):
        for given in (True, False):
            with recorded() as texts:
                model = get_peft_model(Net(**layers), LoraConfig(target_modules=["a", "b"], fan_in_fan_out=given))
            expect(any("fan_in_fan_out is set to" in text for text in texts), "no warning")
            last = model.base_model.model.b.base_layer
            expect(model.peft_config["default"].fan_in_fan_out == isinstance(last, Conv1D), "not the last one's")
        found.append(model.peft_config["default"].fan_in_fan_out)
    return f"the last decides: {found}"


@claim("olora-transposed")
def olora_transposed() -> str:
    """OLoRA of a Conv1D that is not square fails in its forward pass; of a square one the output changes."""
    model = adapted(Net(fc=Conv1D(5, 4)), ["fc"], fan_in_fan_out=True, init_lora_weights="olora")
    error = fails(RuntimeError)(lambda: model(torch.randn(3, 4)))
    base = Net(fc=Conv1D(4, 4))
    nn.init.normal_(base.fc.weight)
    x = torch.randn(3, 4)
    before = base(x).detach()
    model = adapted(base, ["fc"], fan_in_fan_out=True, init_lora_weights="olora")
    moved = gap(before, model(x).detach())
    expect(moved > 1e-2, f"the output moved by {moved}")
    return f"{error}; a square one moves the output by {moved:.2g}"


@claim("dilation")
def dilation() -> str:
    """The factor A of a convolution with a dilation has none, and the shapes do not fit."""
    model = adapted(Net(conv=nn.Conv1d(4, 6, 3, dilation=2)), ["conv"])
    expect(model.base_model.model.conv.lora_A["default"].dilation == (1,), "A has a dilation")
    return fails(RuntimeError)(lambda: model(torch.randn(1, 4, 9)))


@claim("dora-order")
def dora_order() -> str:
    """With DoRA and another adapter at one module, the result depends on the order in which they were made active."""
    model = adapted(Net(fc=linear()), ["fc"], adapter="a", use_dora=True)
    add(model, "b", ["fc"])
    scramble(model)
    x = torch.randn(3, 4)
    found = []
    for order in (["a", "b"], ["b", "a"]):
        model.base_model.set_adapter(order)
        found.append(model(x).detach())
    expect(gap(*found) > 1e-3, f"the orders differ by {gap(*found)}")
    return f"a then b differs from b then a by {gap(*found):.1g}"


@claim("parameters-untied")
def parameters_untied() -> str:
    """ensure_weight_tying ties no target_parameters."""
    names = ["lm_head.weight", "embed_tokens.weight"]
    model = adapted(Tied(), [], target_parameters=names, **TIED)
    layers = list(lora_layers(model).values())
    expect(len(layers) == 2, f"{sorted(lora_layers(model))}")
    pointers = {p.data_ptr() for n, p in model.named_parameters() if "lora_" in n}
    expect(len(pointers) == 4, f"{len(pointers)} arrays for two pairs")
    return "two parameters of one weight have two pairs"


@claim("parameters-differ")
def parameters_differ() -> str:
    """Adapters that target different parameters are refused."""
    model = adapted(Net(fc=linear(), k=linear()), [], target_parameters=["fc.weight"])
    return fails(ValueError)(lambda: add(model, "b", [], target_parameters=["k.weight"]))


@claim("parameters-three")
def parameters_three() -> str:
    """Parameters of three dimensions are adapted."""

    class Experts(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(2, 3, 4))

        def forward(self, x):
            return torch.einsum("eoi,bi->beo", self.w, x)

    model = adapted(Net(moe=Experts()), [], target_parameters=["moe.w"])
    expect(len(lora_layers(model)) == 1, "not adapted")
    return "one pair for (experts, out, in)"
