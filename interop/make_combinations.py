"""Writes the numbers of runtime/src/test/resources/combination: what PEFT makes of several adapters as one.

    python interop/make_combinations.py OUT

OUT gets the adapters a, b and c as PEFT saves them (a linear "proj" and "head", an embedding "embed"; c lacks the head),
and expected.safetensors with the update of each module, (out, in) in float32, for each way to combine them:

    <combination>.<module>

All but the svd ones are what PEFT's add_weighted_adapter gives. Its svd forms multiplied by the scaling twice before 0.21.0, so those
are computed here from the same functions of peft.utils.merge_utils on the updates themselves, and cut to the rank by
torch.linalg.svd.
"""

import json
import pathlib
import sys

import peft
import torch
from peft import LoraConfig, get_peft_model
from peft.utils.merge_utils import magnitude_prune, task_arithmetic, ties
from safetensors.torch import save_file

VOCABULARY, SIZE = 7, 4
MODULES = ("embed", "proj", "head")
WEIGHTS = {"a": 0.7, "b": -0.4, "c": 1.3}
DENSITY = 0.6
SVD_RANK = 2


class Toy(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(VOCABULARY, SIZE)
        self.proj = torch.nn.Linear(SIZE, SIZE)
        self.head = torch.nn.Linear(SIZE, VOCABULARY, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.proj(self.embed(ids)))


def adapted() -> peft.PeftModel:
    torch.manual_seed(20)
    configs = {
        "a": LoraConfig(r=2, lora_alpha=3, target_modules=list(MODULES)),
        "b": LoraConfig(r=2, lora_alpha=5, target_modules=list(MODULES)),
        "c": LoraConfig(r=2, lora_alpha=4, use_rslora=True, target_modules=["embed", "proj"]),
    }
    model = None
    for name, config in configs.items():
        if model is None:
            model = get_peft_model(Toy(), config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.normal_()
    return model


def layers(model: peft.PeftModel) -> dict[str, torch.nn.Module]:
    return {name: getattr(model.base_model.model, name) for name in MODULES}


def has(layer: torch.nn.Module, adapter: str) -> bool:
    return adapter in layer.lora_A or adapter in layer.lora_embedding_A


def cut(update: torch.Tensor, rank: int) -> torch.Tensor:
    u, s, vh = torch.linalg.svd(update.double(), full_matrices=False)
    return ((u[:, :rank] * s[:rank]) @ vh[:rank]).float()


def main(out: pathlib.Path) -> None:
    model = adapted()
    model.save_pretrained(out)  # PEFT makes a folder for each adapter
    expected: dict[str, torch.Tensor] = {}
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    plain = {
        "linear": {},
        "cat": {},
        "ties": {"density": DENSITY},
        "ties_frequency": {"density": DENSITY, "majority_sign_method": "frequency"},
        "magnitude_prune": {"density": DENSITY},
        "dare_linear_whole": {"density": 1.0},
        "dare_ties_whole": {"density": 1.0},
    }
    for key, options in plain.items():
        kind = key.removesuffix("_frequency").removesuffix("_whole")
        # PEFT keeps use_rslora of the first adapter, which has none.
        model.base_model.add_weighted_adapter(names, weights, key, combination_type=kind, **options)
        for module, layer in layers(model).items():
            expected[f"{key}.{module}"] = layer.get_delta_weight(key).detach().contiguous()
    merges = {
        "svd": lambda updates, w: task_arithmetic(updates, w),
        "ties_svd": lambda updates, w: ties(updates, w, DENSITY, "total"),
        "magnitude_prune_svd": lambda updates, w: magnitude_prune(updates, w, DENSITY),
    }
    for key, merge in merges.items():
        for module, layer in layers(model).items():
            held = [name for name in names if has(layer, name)]
            updates = [layer.get_delta_weight(name).detach() for name in held]
            merged = merge(updates, torch.tensor([WEIGHTS[name] for name in held]))
            expected[f"{key}.{module}"] = cut(merged, SVD_RANK).contiguous()
    save_file(expected, out / "expected.safetensors")
    for readme in out.glob("**/README.md"):
        readme.unlink()
    versions = {"peft": peft.__version__, "torch": torch.__version__}
    (out / "made.json").write_text(json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
