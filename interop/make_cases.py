"""Writes the reference cases of models/src/test/resources/cases with Transformers, PEFT and torch.

    python interop/make_cases.py OUT [--seed N] [--shape small|odd]

The tests compare with the numbers written here, so nothing in this file may come from Ligature. Each case is a
folder with base/ (a checkpoint), case.json (what it is about, the seed, the versions), and

  forward cases   adapter/               a PEFT adapter whose factors are drawn at random: no delta is zero
                  expected.safetensors   input_ids (B,T); base_logits, adapter_logits (B,T,V) float32
                  PiSSA and OLoRA count from the base that PEFT changed; adapter/ is as PEFT saves it, or converted
  training cases  init/                  the adapter to start from
                  train.safetensors      batches (steps,B,T); final.<module>.lora_A (r,in) and lora_B (out,r), with
                                         DoRA lora_magnitude_vector (out)
                  train.json             settings, and loss and gradient norm (before clipping) of each step
  diverged case   adapter/               the two saved copies of a tied pair disagree

Every case seeds the generator itself, so cases can be added or left out without changing the others.
"""

import argparse
import json
import pathlib
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, linear
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

SHAPES = {
    "small": {
        "vocab_size": 67,
        "hidden_size": 24,
        "intermediate_size": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    },
    "odd": {
        "vocab_size": 131,
        "hidden_size": 40,
        "intermediate_size": 72,
        "num_hidden_layers": 3,
        "num_attention_heads": 5,
        "num_key_value_heads": 1,
    },
}
SPECIAL_IDS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
FIRST_ORDINARY_ID = 3
# A tenth of what a reader of the cases may differ by, so that it is not judged by PEFT's own rounding.
LARGEST_ROUNDING = 1e-5


def llama(shape: dict, **settings) -> LlamaForCausalLM:
    settings = {"tie_word_embeddings": True, **settings}
    return LlamaForCausalLM(LlamaConfig(**shape, max_position_embeddings=64, **SPECIAL_IDS, **settings))


def qwen2(shape: dict, **settings) -> Qwen2ForCausalLM:
    settings = {"tie_word_embeddings": True, "use_sliding_window": False, **settings}
    return Qwen2ForCausalLM(Qwen2Config(**shape, max_position_embeddings=64, **SPECIAL_IDS, **settings))


@dataclass(frozen=True)
class ForwardCase:
    name: str
    about: str
    seed: int
    lora: dict
    model: Callable = llama
    settings: dict = field(default_factory=dict)
    converted: bool = False


@dataclass(frozen=True)
class TrainingCase:
    name: str
    about: str
    seed: int
    optimizer: str
    lr: float
    weight_decay: float
    max_grad_norm: float | None = None
    steps: int = 12
    lora: dict | None = None  # of an adapter without ties; None is one shared pair
    replaced: dict | None = None
    settings: dict = field(default_factory=dict)


UNTIED = {"tie_word_embeddings": False}
BIASES = {"attention_bias": True, "mlp_bias": True}
FORWARD = [
    ForwardCase(
        "llama-tied-embed", "tied base, embedding targeted: the head must follow", 0,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "embed_tokens"], "ensure_weight_tying": True},
    ),
    ForwardCase(
        "llama-tied-head", "tied base, only the head targeted: the embedding must follow", 1,
        {"r": 3, "lora_alpha": 6, "target_modules": ["lm_head", "o_proj"], "ensure_weight_tying": True},
    ),
    ForwardCase(
        "llama-tied-both", "tied base, both targeted", 2,
        {"r": 5, "lora_alpha": 5, "target_modules": ["embed_tokens", "lm_head", "down_proj"], "ensure_weight_tying": True},
    ),
    ForwardCase(
        "llama-tied-regex", "tied base, targets as a regular expression", 3,
        {"r": 4, "lora_alpha": 8, "target_modules": r".*(up_proj|embed_tokens)$", "ensure_weight_tying": True},
    ),
    ForwardCase(
        "llama-tied-flag-off", "tied base, flag off: two separate pairs over one weight", 4,
        {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "lm_head", "k_proj"]},
    ),
    ForwardCase(
        "llama-untied-both", "untied base, both targeted: separate pairs", 5,
        {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "lm_head", "q_proj"]},
        settings=UNTIED,
    ),
    ForwardCase(
        "llama-all-linear", "all-linear; the output head is not included", 6,
        {"r": 4, "lora_alpha": 16, "target_modules": "all-linear"},
    ),
    ForwardCase(
        "llama-rslora", "scaling alpha / sqrt(r)", 7,
        {"r": 6, "lora_alpha": 9, "target_modules": ["q_proj", "gate_proj"], "use_rslora": True},
    ),
    ForwardCase(
        "llama-patterns", "rank_pattern, alpha_pattern, exclude_modules", 8,
        {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"],
            "rank_pattern": {"q_proj": 2, r"layers\.1\.self_attn\.v_proj": 7}, "alpha_pattern": {"v_proj": 3},
            "exclude_modules": r".*layers\.0\.mlp\..*",
        },
    ),
    ForwardCase(
        "llama-layers", "layers_to_transform with layers_pattern", 9,
        {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"],
            "layers_to_transform": [1], "layers_pattern": "layers",
        },
    ),
    ForwardCase(
        "llama-dora", "DoRA on linear layers", 10,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "up_proj"], "use_dora": True},
    ),
    ForwardCase(
        "llama-dora-untied", "DoRA on an embedding and a head that are not tied", 11,
        {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "lm_head", "k_proj"], "use_dora": True},
        settings=UNTIED,
    ),
    ForwardCase(
        "llama-lora-bias", "biases of B, over projections with bias", 12,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], "lora_bias": True},
        settings={"attention_bias": True, "mlp_bias": True},
    ),
    ForwardCase(
        "llama-pissa", "PiSSA as PEFT saves it: the base has to be what PEFT made of it", 15,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa"},
    ),
    ForwardCase(
        "llama-olora-converted", "OLoRA, converted to plain LoRA by PEFT", 16,
        {"r": 4, "lora_alpha": 8, "target_modules": ["k_proj", "up_proj"], "init_lora_weights": "olora"},
        converted=True,
    ),
    ForwardCase(
        "llama-modules-to-save-tied", "full copy of the tied weight, shared by both layers", 11,
        {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"],
            "ensure_weight_tying": True,
        },
    ),
    ForwardCase(
        "llama-modules-to-save-norm", "full copy of a norm and of an untied head", 12,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "modules_to_save": ["lm_head", "norm"]},
        settings=UNTIED,
    ),
    ForwardCase(
        "llama-modules-to-save-bias", "full copies of projections with bias", 15,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "modules_to_save": ["o_proj", "layers.1.mlp"]},
        settings=BIASES,
    ),
    ForwardCase(
        "llama-modules-to-save-flag-off", "full copy of the head of a tied base alone", 16,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    ),
    ForwardCase(
        "llama-trainable-tokens-tied", "rows of the tied weight, seen by both layers", 13,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "trainable_token_indices": [3, 5, 11]},
    ),
    ForwardCase(
        "llama-trainable-tokens-both", "rows of embedding and head of an untied base, in any order", 17,
        {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"],
            "trainable_token_indices": {"embed_tokens": [9, 4, 5], "lm_head": [40, 4]},
        },
        settings=UNTIED,
    ),
    ForwardCase(
        "llama-trainable-tokens-apart", "other rows of the head than of the embedding of a tied base", 18,
        {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"],
            "trainable_token_indices": {"embed_tokens": [9, 4], "lm_head": [40, 4]},
        },
    ),
    ForwardCase(
        "llama-bias-all", "every bias trained, and a saved module, whose biases PEFT writes three times", 19,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "all", "modules_to_save": ["o_proj"]},
        settings=BIASES,
    ),
    ForwardCase(
        "llama-bias-lora-only", "biases of the adapted modules trained", 20,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], "bias": "lora_only"},
        settings=BIASES,
    ),
    ForwardCase(
        "llama-attention-bias", "projections with bias", 14,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "o_proj", "down_proj"]},
        settings={"attention_bias": True, "mlp_bias": True},
    ),
    ForwardCase(
        "qwen2-tied-embed", "bias on q, k and v; tied", 70,
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj", "embed_tokens"], "ensure_weight_tying": True},
        model=qwen2,
    ),
]
TRAINING = [
    TrainingCase("train-tied-adamw", "AdamW with weight decay on one shared pair", 50, "adamw", 1e-2, 0.1),
    TrainingCase(
        "train-tied-sgd-clip", "SGD, gradients clipped to a global norm", 51, "sgd", 0.5, 0.0, max_grad_norm=0.5
    ),
    TrainingCase(
        "train-dora-adamw", "DoRA: the lengths are trained, the norm gets no gradient", 52, "adamw", 1e-2, 0.1,
        lora={"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "up_proj"], "use_dora": True},
    ),
    TrainingCase(
        "train-pissa-adamw", "PiSSA from its own start on", 53, "adamw", 1e-2, 0.1,
        lora={"r": 4, "lora_alpha": 8, "target_modules": ["v_proj", "gate_proj"], "init_lora_weights": "pissa"},
    ),
    TrainingCase(
        "train-tokens-biases", "AdamW on rows of a tied weight and on all biases", 52, "adamw", 1e-2, 0.1,
        replaced={"target_modules": ["q_proj"], "trainable_token_indices": [7, 3, 20], "bias": "all"}, settings=BIASES,
    ),
    TrainingCase(
        "train-saved-modules", "SGD on one copy of a tied weight and on a norm, gradients clipped", 53, "sgd", 0.5, 0.0,
        max_grad_norm=0.5,
        replaced={"target_modules": ["v_proj"], "modules_to_save": ["lm_head", "model.norm"], "ensure_weight_tying": True},
    ),
]
DIVERGED = ("llama-tied-diverged", "the two saved copies of the tied pair disagree", 60)


class Folder:
    """The directory of one case, emptied first."""

    def __init__(self, out: pathlib.Path, name: str):
        self.path = out / name
        shutil.rmtree(self.path, ignore_errors=True)

    def save_base(self, model) -> None:
        model.save_pretrained(self.path / "base")
        (self.path / "base" / "generation_config.json").unlink(missing_ok=True)

    def save_adapter(self, model, directory: str, **settings) -> None:
        model.save_pretrained(self.path / directory, **settings)
        (self.path / directory / "README.md").unlink(missing_ok=True)

    def save_tensors(self, file: str, tensors: dict) -> None:
        save_file({name: t.contiguous() for name, t in tensors.items()}, self.path / file)

    def save_json(self, file: str, content: dict) -> None:
        (self.path / file).write_text(json.dumps(content, indent=2) + "\n")

    def describe(self, about: str, seed: int, **more) -> None:
        versions = {m.__name__: m.__version__ for m in (peft, transformers, torch)}
        self.save_json("case.json", {"name": self.path.name, "about": about, "seed": seed, **more, **versions})


@torch.no_grad()
def randomise_base(model) -> None:
    """Norms and biases too: a weight left at 0 or 1 would hide that it is not applied."""
    for p in model.parameters():
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.1)
        else:
            p.normal_(0, 0.25)
    model.tie_weights()


@torch.no_grad()
def randomise_adapter(model, std: float) -> None:
    """PEFT's two copies of a tied pair share storage, so they stay equal."""
    for name, p in model.named_parameters():
        if "lora_magnitude" in name:
            p.mul_(1 + 0.2 * torch.rand_like(p))  # a length stays one
        elif "lora_" in name:
            p.normal_(0, std)
        elif p.requires_grad:  # what the adapter replaces: rows, copies, biases
            p.add_(torch.randn_like(p) * std)


@torch.no_grad()
def logits(model, ids):
    return model(input_ids=ids).logits.float()


@torch.no_grad()
def rounding(model, ids, computed) -> float:
    """How far these logits are from those that the same model gives in float64, as |a - b| / (1 + |b|)."""
    exact = model.double()(input_ids=ids).logits
    return ((computed - exact).abs() / (1 + exact.abs())).max().item()


def write_forward(out: pathlib.Path, case: ForwardCase, shape: dict, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    base = case.model(shape, **case.settings)
    randomise_base(base)
    base.eval()
    folder.save_base(base)
    ids = torch.randint(FIRST_ORDINARY_ID, shape["vocab_size"], (2, 9))
    expected = {"input_ids": ids, "base_logits": logits(base, ids)}
    model = get_peft_model(base, LoraConfig(**case.lora)).eval()
    settings = {}
    if case.converted:
        folder.save_adapter(model, "start")
        settings["path_initial_model_for_weight_conversion"] = folder.path / "start"
    # In the larger shape a delta of that size drowns the base, and what is left is largely rounding.
    randomise_adapter(model, 0.3 if shape is SHAPES["small"] else 0.15)
    expected["adapter_logits"] = logits(model, ids)
    folder.save_adapter(model, "adapter", **settings)
    shutil.rmtree(folder.path / "start", ignore_errors=True)
    folder.save_tensors("expected.safetensors", expected)
    folder.describe(case.about, seed)
    effect = (expected["adapter_logits"] - expected["base_logits"]).abs().max()
    error = rounding(model, ids, expected["adapter_logits"])
    if error > LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: PEFT itself rounds by {error:.1e} here, too much to compare with")
    print(f"wrote {case.name}: the adapter moves a logit by up to {effect:.3f}, PEFT rounds by {error:.1e}")


def let_head_read_embedding_pair(model) -> None:
    """One Parameter per factor with two readers, which PEFT's own tying is not: it steps the shared storage twice.

    The weight (V,d) of both layers changes by s A^T B^T, for the embedding's A (r,V) and B (d,r)."""
    embedding, head = model.base_model.model.model.embed_tokens, model.base_model.model.lm_head
    a, b = embedding.lora_embedding_A["default"], embedding.lora_embedding_B["default"]
    scaling = embedding.scaling["default"]
    head.forward = lambda x: linear(x, head.weight) + scaling * (x @ b) @ a


def final_factors(model) -> dict:
    """The trained factors by module, all in the orientation of a linear layer: A (r,in), B (out,r)."""
    factors = {}
    for name, p in model.named_parameters():
        if not p.requires_grad or "lora_" not in name:
            continue
        module, factor = name.removeprefix("base_model.model.").split(".lora_")
        value = p.detach()
        if factor.startswith("embedding_A"):
            factors[f"final.{module}.lora_B"] = value.t()
        elif factor.startswith("embedding_B"):
            factors[f"final.{module}.lora_A"] = value.t()
        elif factor.startswith("magnitude_vector"):
            factors[f"final.{module}.lora_magnitude_vector"] = value
        else:
            factors[f"final.{module}.lora_{factor[0]}"] = value
    return factors


def tied_start(base, folder: Folder, shape: dict, seed: int):
    lora = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "embed_tokens"]}
    model = get_peft_model(base, LoraConfig(**lora))
    randomise_adapter(model, 0.1)
    start = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    # What the adapter looks like when PEFT saves it tied: both copies in the file.
    torch.manual_seed(seed)
    tied = get_peft_model(llama(shape), LoraConfig(**lora, ensure_weight_tying=True))
    with torch.no_grad():
        for name, p in tied.named_parameters():
            if name in start:
                p.copy_(start[name])
    folder.save_adapter(tied, "init", save_embedding_layers=False)
    let_head_read_embedding_pair(model)
    return model


@torch.no_grad()
def plain_start(base, folder: Folder, lora: dict):
    model = get_peft_model(base, LoraConfig(**lora))
    for name, p in model.named_parameters():
        if "lora_B" in name:  # zero at the start of most, and then A would have no gradient
            p.add_(torch.randn_like(p) * 0.1)
    folder.save_adapter(model, "init")
    return model


def replacing(folder: Folder, base, case: TrainingCase):
    """What PEFT replaces is one parameter for all readers already."""
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, **case.replaced))
    randomise_adapter(model, 0.1)
    folder.save_adapter(model, "init", save_embedding_layers=False)
    return model


def final_replaced(model) -> dict:
    """What was trained in place of the base's, by the names that Ligature has for it."""
    names = {}
    for name, p in model.named_parameters():
        if not p.requires_grad or "lora_" in name:
            continue
        name = name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".modules_to_save.default.", ".")
        names["final." + name.replace(".token_adapter.trainable_tokens_delta.default", ".trainable_tokens")] = p.detach()
    return names


def write_training(out: pathlib.Path, case: TrainingCase, shape: dict, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    base = llama(shape, **case.settings)
    randomise_base(base)
    folder.save_base(base)
    if case.replaced is not None:
        model = replacing(folder, base, case)
    elif case.lora is not None:
        model = plain_start(base, folder, case.lora)
    else:
        model = tied_start(base, folder, shape, seed)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if case.optimizer == "adamw":
        optimizer = torch.optim.AdamW(
            parameters, lr=case.lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=case.weight_decay
        )
    else:
        optimizer = torch.optim.SGD(parameters, lr=case.lr, weight_decay=case.weight_decay)
    batches = torch.randint(FIRST_ORDINARY_ID, shape["vocab_size"], (case.steps, 4, 12))
    losses, norms = [], []
    model.train()
    for ids in batches:
        optimizer.zero_grad()
        scores = model(input_ids=ids).logits[:, :-1].reshape(-1, shape["vocab_size"])
        loss = cross_entropy(scores, ids[:, 1:].reshape(-1))
        loss.backward()
        norms.append(torch.sqrt(sum((p.grad**2).sum() for p in parameters)).item())
        if case.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(parameters, case.max_grad_norm)
        optimizer.step()
        losses.append(loss.item())
    folder.save_tensors("train.safetensors", {"batches": batches, **final_factors(model), **final_replaced(model)})
    folder.save_json(
        "train.json",
        {
            "optimizer": case.optimizer,
            "lr": case.lr,
            "betas": [0.9, 0.999],
            "eps": 1e-8,
            "weight_decay": case.weight_decay,
            "max_grad_norm": case.max_grad_norm,
            "steps": case.steps,
            "loss": "mean token cross entropy of the next token",
            "losses": losses,
            "grad_norms": norms,
            "trainable": sum(p.numel() for p in parameters),
        },
    )
    folder.describe(case.about, seed)
    print(f"wrote {case.name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}")


def write_diverged(out: pathlib.Path, shape: dict, seed: int) -> None:
    """On a bf16 base PEFT's copies of a tied pair part ways as soon as they are trained."""
    name, about, _ = DIVERGED
    torch.manual_seed(seed)
    folder = Folder(out, name)
    base = llama(shape).to(torch.bfloat16)
    randomise_base(base)
    folder.save_base(base)
    targets = ["embed_tokens", "lm_head"]
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules=targets, ensure_weight_tying=True))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(20):
        ids = torch.randint(FIRST_ORDINARY_ID, shape["vocab_size"], (4, 12))
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    folder.save_adapter(model, "adapter", save_embedding_layers=False)
    embedding, head = model.base_model.model.model.embed_tokens, model.base_model.model.lm_head
    gap = embedding.lora_embedding_A["default"] - head.lora_B["default"].weight.t()
    largest = gap.abs().max().item()
    folder.describe(about, seed, largest_difference=largest)
    print(f"wrote {name}: the copies differ by up to {largest:.4f}")


def write(out: pathlib.Path, shape_name: str, seed: int) -> None:
    shape, first_seed = SHAPES[shape_name], seed * 1000
    out.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # PEFT's own warnings about ties are what the cases are about.
        warnings.simplefilter("ignore")
        for case in FORWARD:
            write_forward(out, case, shape, first_seed + case.seed)
        for case in TRAINING:
            write_training(out, case, shape, first_seed + case.seed)
        write_diverged(out, shape, first_seed + DIVERGED[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1, help="1 wrote the committed cases")
    parser.add_argument("--shape", choices=SHAPES, default="small")
    args = parser.parse_args()
    write(args.out, args.shape, args.seed)


if __name__ == "__main__":
    main()
