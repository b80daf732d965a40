"""Writes the reference cases of models/src/test/resources/t5 with Transformers and PEFT.

    python interop/make_t5_cases.py OUT [--seed N]

The tests compare with the numbers written here, so nothing in this file may come from Ligature. Each case is a folder
with base/ (a checkpoint), adapter/ (of PEFT, its factors drawn at random), case.json and

  expected.safetensors  input_ids, attention_mask (B,S), padded on the right; decoder_input_ids (B,T); encoder (B,S,d),
                        0 at padding; base_logits, adapter_logits (B,T,V); generated (B,1+N), greedy, 0 behind the end of a text

The adapter's logits are those of the base with W + dW put in by hand: PEFT's T5 has a pair of its own for each of the
readers of the shared weight.
"""

import argparse
import pathlib
import warnings
from dataclasses import dataclass, field

import torch
import transformers
from make_cases import Folder, randomise_adapter, randomise_base
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import T5Config, T5ForConditionalGeneration

SHAPE = {
    "vocab_size": 59, "d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_heads": 3,
    "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12, "decoder_start_token_id": 0,
    "pad_token_id": 0, "eos_token_id": 1,
}
FIRST_ORDINARY_ID = 3
LENGTHS = [30, 7, 19]
DECODED = 21
NEW_TOKENS = 16
TIED = {"ensure_weight_tying": True}


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    seed: int
    lora: dict
    settings: dict = field(default_factory=dict)
    head_apart: bool = False  # the file has a head of its own


CASES = [
    Case("relu", "T5 1.0: q and v", 0, {"r": 3, "lora_alpha": 6, "target_modules": ["q", "v"]}),
    Case(
        "gated", "T5 1.1 and Flan: gated, a head of its own, the decoder's output as it is; all linear", 1,
        {"r": 2, "lora_alpha": 4, "target_modules": "all-linear"},
        settings={"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "num_decoder_layers": 3},
        head_apart=True,
    ),
    Case(
        "resaved", "T5 1.1 with a tied head as Transformers 5 saves it: tied, and scale_decoder_outputs false", 3,
        {"r": 3, "lora_alpha": 6, "target_modules": ["k", "wi_1"]},
        settings={"feed_forward_proj": "gated-silu", "tie_word_embeddings": False, "relative_attention_num_buckets": 10},
    ),
    Case(
        "shared", "one pair, four readers", 2,
        {"r": 3, "lora_alpha": 6, "target_modules": ["q", "wo", "shared"], **TIED},
    ),
]


@torch.no_grad()
def with_delta(case: Case, base: pathlib.Path, adapter: pathlib.Path) -> T5ForConditionalGeneration:
    """The base with dW added to each weight, once."""
    model = T5ForConditionalGeneration.from_pretrained(base).eval()
    tensors = load_file(adapter / "adapter_model.safetensors")
    scaling = case.lora["lora_alpha"] / case.lora["r"]
    modules = {key.removeprefix("base_model.model.").split(".lora_")[0] for key in tensors}
    done = set()
    for name in sorted(modules):
        weight = model.get_submodule(name).weight
        if weight.data_ptr() in done:
            continue
        done.add(weight.data_ptr())
        key = f"base_model.model.{name}.lora_"
        if f"{key}embedding_A" in tensors:
            delta = (tensors[f"{key}embedding_B"] @ tensors[f"{key}embedding_A"]).t()
        else:
            delta = tensors[f"{key}B.weight"] @ tensors[f"{key}A.weight"]
        weight.add_(scaling * delta)
    return model


@torch.no_grad()
def greedy(model, given: dict) -> torch.Tensor:
    """Without a cache: that of Transformers 5.18 fails where the two stacks differ in their layers."""
    ids = torch.zeros(len(LENGTHS), 1, dtype=torch.long)
    done = torch.zeros(len(LENGTHS), dtype=torch.bool)
    for _ in range(NEW_TOKENS):
        newest = model(**given, decoder_input_ids=ids).logits[:, -1].argmax(-1)
        ids = torch.cat([ids, torch.where(done, 0, newest).unsqueeze(1)], 1)
        done |= newest == 1
    return ids


@torch.no_grad()
def write(out: pathlib.Path, case: Case, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    base = T5ForConditionalGeneration(T5Config(**{**SHAPE, **case.settings}))
    if case.head_apart:
        base.lm_head.weight = torch.nn.Parameter(torch.empty_like(base.lm_head.weight))
        base.config.tie_word_embeddings = False  # or tie_weights would tie it again
    randomise_base(base)
    if case.head_apart:
        base.lm_head.weight.normal_(0, 0.25)
    base.eval()
    folder.save_base(base)
    base = T5ForConditionalGeneration.from_pretrained(folder.path / "base").eval()
    if (base.lm_head.weight is base.shared.weight) == case.head_apart:
        raise SystemExit(f"{case.name}: the head is not as the file says")
    ids = torch.randint(FIRST_ORDINARY_ID, SHAPE["vocab_size"], (len(LENGTHS), max(LENGTHS)))
    mask = (torch.arange(ids.shape[1]) < torch.tensor(LENGTHS).unsqueeze(1)).long()
    decoder_ids = torch.randint(FIRST_ORDINARY_ID, SHAPE["vocab_size"], (len(LENGTHS), DECODED))
    decoder_ids[:, 0] = 0
    given = {"input_ids": ids * mask, "attention_mask": mask}
    encoded = base.encoder(**given).last_hidden_state
    model = get_peft_model(T5ForConditionalGeneration.from_pretrained(folder.path / "base"), LoraConfig(**case.lora))
    randomise_adapter(model, 0.2)
    folder.save_adapter(model, "adapter", save_embedding_layers=False)
    config = folder.path / "adapter" / "adapter_config.json"
    config.write_text(config.read_text().replace(f'"{folder.path / "base"}"', "null"))
    adapted = with_delta(case, folder.path / "base", folder.path / "adapter")
    generated = greedy(adapted, given)
    folder.save_tensors("expected.safetensors", {
        **given,
        "decoder_input_ids": decoder_ids,
        "encoder": encoded * mask.unsqueeze(-1),
        "base_logits": base(**given, decoder_input_ids=decoder_ids).logits,
        "adapter_logits": adapted(**given, decoder_input_ids=decoder_ids).logits,
        "generated": generated,
    })
    folder.describe(case.about, seed)
    print(f"wrote {case.name}: {generated.shape[1]} tokens, head apart: {case.head_apart}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1, help="1 wrote the committed cases")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT's own warnings about ties are what the cases are about
        for case in CASES:
            write(args.out, case, 100 * args.seed + case.seed)


if __name__ == "__main__":
    main()
