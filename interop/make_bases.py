"""Small random bases, and adapters that PEFT trains on them, for check.py."""

import pathlib
import warnings
from dataclasses import dataclass, field

import make_cases
import make_family_cases
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    Gemma3ForCausalLM, Gemma3TextConfig, GPT2Config, GPT2LMHeadModel, Qwen3Config, Qwen3ForCausalLM,
)

SHAPE = {**make_cases.SHAPES["odd"], "vocab_size": 211}
BATCHES = (24, 4, 16)  # steps, B, T


def qwen3(shape: dict, **settings):
    return Qwen3ForCausalLM(Qwen3Config(**shape, head_dim=12, tie_word_embeddings=True, **settings))


def gemma3(shape: dict, **settings):
    """Windows shorter than the texts in all layers but the last."""
    windows = {"sliding_window": 6, "sliding_window_pattern": shape["num_hidden_layers"]}
    return Gemma3ForCausalLM(Gemma3TextConfig(**shape, head_dim=12, **windows, **settings))


def gpt2(shape: dict, **settings):
    sizes = {new: shape[old] for old, new in make_family_cases.GPT2_NAMES.items() if new and old in shape}
    return GPT2LMHeadModel(GPT2Config(vocab_size=shape["vocab_size"], **sizes, **make_cases.SPECIAL_IDS, **settings))


@dataclass(frozen=True)
class Base:
    name: str
    model: object = make_cases.llama
    settings: dict = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    shard: str = "50GB"


BASES = [
    Base("tied"),
    Base("untied", settings={"tie_word_embeddings": False}),
    Base("qwen2", model=make_cases.qwen2),
    Base("qwen3", model=qwen3),
    Base("gemma3", model=gemma3),
    Base("gpt2", model=gpt2),
    Base("tied-bf16-sharded", dtype=torch.bfloat16, shard="60KB"),
    Base("untied-fp16", settings={"tie_word_embeddings": False}, dtype=torch.float16),
]


def write_base(out: pathlib.Path, base: Base, seed: int) -> None:
    torch.manual_seed(seed)
    model = base.model(SHAPE, **base.settings)
    make_cases.randomise_base(model)
    model.to(base.dtype).save_pretrained(out / base.name, max_shard_size=base.shard)


def token_batches(seed: int) -> torch.Tensor:
    """Ids that a model can learn something from: each row counts up in its own stride."""
    generator = torch.Generator().manual_seed(seed)
    steps, rows, length = BATCHES
    start = torch.randint(0, SHAPE["vocab_size"], (steps, rows, 1), generator=generator)
    stride = torch.randint(1, 4, (steps, rows, 1), generator=generator)
    return (start + stride * torch.arange(length)) % SHAPE["vocab_size"]


def train_with_peft(model, lora: dict, out: pathlib.Path, seed: int) -> None:
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = get_peft_model(model, LoraConfig(**lora))
    optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=1e-2)
    adapted.train()
    for ids in token_batches(seed):
        optimizer.zero_grad()
        adapted(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted.save_pretrained(out)


def write(out: pathlib.Path) -> None:
    for i, base in enumerate(BASES):
        write_base(out, base, 100 + i)
    save_file({"batches": token_batches(7)}, out / "tokens.safetensors")
