"""Writes what PEFT computes with single layers of each kind, for the tests of the runtime.

    python interop/make_layer_numbers.py runtime/src/test/resources/layers

The tests compare with what is written here, so nothing in this file may come from Ligature. Each case is a folder:

  adapter/              a PEFT adapter of the module "layer", its factors drawn at random
  converted/            of PiSSA and OLoRA: the same adapter as PEFT converts it to plain LoRA
  case.json             the layer and how often it is trained
  numbers.safetensors   base.weight, base.bias      the layer
                        x                           an input: floats, or ids of an embedding
                        y.base, y.adapter           the outputs without the adapter and with it
                        y.init                      the output right after the adapter was created
                        merged.weight, merged.bias  of PEFT's merge, where it can merge
                        init.<key>                  the tensors right after the adapter was created
                        losses                      of steps of SGD from adapter/ on, the loss being mean(y²)
                        final.<key>                 the tensors after the steps, by their keys in adapter/
"""

import argparse
import copy
import json
import pathlib
import shutil
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

STEPS, RATE = 3, 0.05


class Model(nn.Module):
    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


def linear(bias: bool = True):
    return nn.Linear(6, 5, bias=bias), torch.randn(4, 6), {"kind": "linear", "units": 5, "bias": bias}


def transposed(outputs: int = 5):
    """GPT-2's linear layer, which stores its weight as (in, out)."""
    layer = Conv1D(outputs, 6)
    nn.init.normal_(layer.weight, std=0.5)
    nn.init.normal_(layer.bias, std=0.5)
    return layer, torch.randn(4, 6), {"kind": "transposed", "units": outputs}


def embedding():
    return nn.Embedding(9, 5), torch.randint(0, 9, (2, 4)), {"kind": "embedding", "rows": 9, "columns": 5}


def convolution(dimensions: int, **settings):
    bias = settings.pop("bias", True)
    groups = settings.get("groups", 1)
    kernel = 3 if dimensions == 1 else (3, 2)
    kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
    x = torch.randn(2, 4, *((9,) if dimensions == 1 else (7, 6)))
    layer = kind(4, 6, kernel, bias=bias, **settings)
    described = {
        "kind": f"conv{dimensions}d", "filters": 6, "bias": bias, "groups": groups,
        "kernel": list(layer.kernel_size), "stride": list(layer.stride), "padding": list(layer.padding),
    }
    return layer, x, described


CASES = {
    "linear": (linear, {}),
    "linear-rslora": (linear, {"use_rslora": True}),
    "linear-lora-bias": (linear, {"lora_bias": True}),
    "linear-dora": (linear, {"use_dora": True}),
    "linear-dora-no-bias": (lambda: linear(bias=False), {"use_dora": True}),
    "linear-orthogonal": (linear, {"init_lora_weights": "orthogonal"}),
    "linear-pissa": (linear, {"init_lora_weights": "pissa"}),
    "linear-olora": (linear, {"init_lora_weights": "olora"}),
    "linear-pissa-rslora": (linear, {"init_lora_weights": "pissa", "use_rslora": True}),
    "linear-olora-dora": (linear, {"init_lora_weights": "olora", "use_dora": True}),
    "linear-parameter": (linear, {"target_modules": [], "target_parameters": ["layer.weight"]}),
    "embedding": (embedding, {}),
    "embedding-dora": (embedding, {"use_dora": True}),
    "conv1d": (lambda: convolution(1), {}),
    "conv1d-stride": (lambda: convolution(1, stride=2, padding=1), {"lora_bias": True}),
    "conv1d-dora": (lambda: convolution(1, padding=1), {"use_dora": True}),
    "conv2d": (lambda: convolution(2), {}),
    "conv2d-stride": (lambda: convolution(2, stride=(2, 1), padding=(1, 0), bias=False), {"use_rslora": True}),
    "conv2d-groups": (lambda: convolution(2, groups=2), {}),
    "conv2d-dora": (lambda: convolution(2, stride=2), {"use_dora": True}),
    "transposed": (transposed, {"fan_in_fan_out": True}),
    "transposed-square": (lambda: transposed(6), {"fan_in_fan_out": True, "use_rslora": True}),
    "transposed-lora-bias": (transposed, {"fan_in_fan_out": True, "lora_bias": True}),
    "transposed-dora": (transposed, {"fan_in_fan_out": True, "use_dora": True}),
    "transposed-pissa": (lambda: transposed(6), {"fan_in_fan_out": True, "init_lora_weights": "pissa"}),
    "transposed-parameter": (transposed, {"target_modules": [], "target_parameters": ["layer.weight"]}),
}


@torch.no_grad()
def randomise(model) -> None:
    """Moves every tensor of the adapter, so that none is at its start and none is zero."""
    for p in adapter_parameters(model):
        p.add_(torch.randn_like(p) * 0.3)


def adapter_parameters(model) -> list:
    return [p for name, p in model.named_parameters() if "lora_" in name]


def state(model) -> dict:
    return {key: t.detach().clone().contiguous() for key, t in get_peft_model_state_dict(model).items()}


def write(out: pathlib.Path, name: str, make, settings: dict, seed: int) -> None:
    torch.manual_seed(seed)
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    layer, x, described = make()
    base = Model(layer)
    untouched = copy.deepcopy(base)
    numbers = {"x": x, "y.base": base(x).detach()}
    for part, p in base.layer.named_parameters():
        numbers[f"base.{part}"] = p.detach().clone()
    config = LoraConfig(**{"r": 4, "lora_alpha": 6, "target_modules": ["layer"], **settings})
    model = get_peft_model(base, config)
    numbers["y.init"] = model(x).detach()
    numbers.update({f"init.{key}": t for key, t in state(model).items()})
    converted = config.init_lora_weights in ("pissa", "olora")
    if converted:
        model.save_pretrained(folder / "start")
    randomise(model)
    model.save_pretrained(folder / "adapter")
    numbers["y.adapter"] = model(x).detach()
    if converted:
        # What PEFT gives for the adapter when it is loaded over the base that it was made for.
        loaded = PeftModel.from_pretrained(copy.deepcopy(untouched), folder / "adapter")
        torch.testing.assert_close(loaded(x), numbers["y.adapter"])
        if not config.use_dora:  # PEFT's conversion loses the lengths
            model.save_pretrained(folder / "converted", path_initial_model_for_weight_conversion=folder / "start")
            loaded = PeftModel.from_pretrained(copy.deepcopy(untouched), folder / "converted")
            torch.testing.assert_close(loaded(x), numbers["y.adapter"])
        shutil.rmtree(folder / "start")
    if described.get("groups", 1) == 1:
        merged = copy.deepcopy(model).merge_and_unload()
        torch.testing.assert_close(merged(x), numbers["y.adapter"])
        for part, p in merged.layer.named_parameters():
            numbers[f"merged.{part}"] = p.detach().clone()
    optimizer = torch.optim.SGD(adapter_parameters(model), lr=RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    numbers["losses"] = torch.tensor(losses)
    numbers.update({f"final.{key}": t for key, t in state(model).items()})
    for readme in folder.glob("*/README.md"):
        readme.unlink()
    save_file({key: t.contiguous() for key, t in numbers.items()}, folder / "numbers.safetensors")
    (folder / "case.json").write_text(json.dumps({"layer": described, "rate": RATE}, indent=2) + "\n")
    print(f"wrote {name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # PEFT's own, about single layers and merges
    args.out.mkdir(parents=True, exist_ok=True)
    for seed, (name, (make, settings)) in enumerate(CASES.items()):
        write(args.out, name, make, settings, 100 + seed)


if __name__ == "__main__":
    main()
