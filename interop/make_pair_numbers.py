"""Writes the trainings of models/src/test/resources/pairs: one pair on a weight that several modules read, by torch.

    python interop/make_pair_numbers.py OUT

The reference has one parameter B (V, r) and one A (r, d): each step puts W + s B A into the one weight that all readers of the
Transformers model read, so autograd adds up what they give. Each case is a folder with init/, the adapter that it starts
from, in PEFT's format, with a copy for each reader; train.json, with losses and gradient norms of each step; and
train.safetensors: the inputs and labels of each step, and the factors at the end.

A training is compared with one in float64 of the same start, and refused where losses, norms or factors differ by more than
LARGEST_ROUNDING, as |a - b| / (1 + |b|): such a recipe enlarges rounding, and nothing could be told by it. Norms and rotary
tables are cast to float32 inside of Transformers, in float64 too.
"""

import argparse
import json
import pathlib
from dataclasses import dataclass

import torch
import transformers
from make_cases import Folder
from safetensors.torch import save_file
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from transformers import BertForMaskedLM, Gemma3ForCausalLM, GPT2LMHeadModel, T5ForConditionalGeneration

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "models/src/test/resources"
FIRST_ORDINARY_ID = 5
STEPS, RANK, ALPHA = 12, 3, 6
BATCH, TOKENS, DECODED = 4, 9, 7
SETTINGS = {"lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1}
LARGEST_ROUNDING = 1e-6  # a tenth of what the tests allow


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    model: type
    base: str
    weight: str
    readers: list  # an embedding has the name of its table, a linear one of its head
    embeddings: int  # how many of the readers are embeddings


CASES = [
    Case("t5", "four readers: one that is not called, two embeddings and the head", T5ForConditionalGeneration,
         "t5/relu/base", "shared.weight",
         ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"], 3),
    Case("bert-mlm", "embedding and tied decoder, which has a bias", BertForMaskedLM, "encoders/bert-mlm-tied/base",
         "bert.embeddings.word_embeddings.weight",
         ["bert.embeddings.word_embeddings", "cls.predictions.decoder"], 1),
    Case("gemma3", "an embedding that is scaled by the square root of d, and the head", Gemma3ForCausalLM,
         "families/gemma3/base", "model.embed_tokens.weight", ["model.embed_tokens", "lm_head"], 1),
    Case("gpt2", "embedding and head", GPT2LMHeadModel, "families/gpt2/base", "transformer.wte.weight",
         ["transformer.wte", "lm_head"], 1),
]


def batch(case: Case, vocabulary: int) -> dict:
    """Inputs, and labels that are -100 where none counts."""
    ids = torch.randint(FIRST_ORDINARY_ID, vocabulary, (BATCH, TOKENS))
    if case.model not in (T5ForConditionalGeneration, BertForMaskedLM):
        return {"input_ids": ids}
    lengths = torch.tensor([TOKENS, 4, 7, 6]).unsqueeze(1)
    mask = (torch.arange(TOKENS) < lengths).long()
    found = {"input_ids": ids * mask, "attention_mask": mask}
    if case.model is T5ForConditionalGeneration:
        decoded = torch.randint(FIRST_ORDINARY_ID, vocabulary, (BATCH, DECODED + 1))
        decoded[:, 0] = 0
        found["decoder_input_ids"] = decoded[:, :-1]
        found["labels"] = torch.where(torch.arange(DECODED) < torch.tensor([DECODED, 3, 5, 6]).unsqueeze(1),
                                      decoded[:, 1:], -100)
    else:
        hidden = (torch.rand(ids.shape) < 0.4) & mask.bool()
        hidden[:, 0] = True
        found["input_ids"] = torch.where(hidden, 4, found["input_ids"])
        found["labels"] = torch.where(hidden, ids, -100)
    return {name: t.contiguous() for name, t in found.items()}


def loss_of(logits: torch.Tensor, given: dict) -> torch.Tensor:
    labels = given.get("labels")
    if labels is None:
        logits, labels = logits[:, :-1], given["input_ids"][:, 1:]
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100)


def train(case: Case, start: dict, batches: list, dtype: torch.dtype):
    """Losses, gradient norms, and the factors at the end."""
    model = case.model.from_pretrained(RESOURCES / case.base, attn_implementation="eager", dtype=dtype).eval()
    model.requires_grad_(False)
    weight = dict(model.named_parameters())[case.weight]
    assert sum(p.data_ptr() == weight.data_ptr() for _, p in model.named_parameters(remove_duplicate=False)) == len(
        case.readers
    ), f"{case.name}: not all readers are tied"
    b, a = (start[name].to(dtype).clone().requires_grad_() for name in "BA")
    optimizer = torch.optim.AdamW(
        [a, b], lr=SETTINGS["lr"], betas=SETTINGS["betas"], eps=SETTINGS["eps"], weight_decay=SETTINGS["weight_decay"]
    )
    losses, norms = [], []
    for given in batches:
        optimizer.zero_grad()
        changed = {case.weight: weight + ALPHA / RANK * (b @ a)}
        inputs = {name: t for name, t in given.items() if name != "labels"}
        loss = loss_of(functional_call(model, changed, kwargs=inputs, tie_weights=True).logits, given)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.sqrt(a.grad.square().sum() + b.grad.square().sum()).item())
        optimizer.step()
    by_all_readers(model, weight, case, (b @ a).detach(), batches[0])
    return losses, norms, {"A": a.detach(), "B": b.detach()}


@torch.no_grad()
def by_all_readers(model, weight, case: Case, product: torch.Tensor, given: dict) -> None:
    """Checks that all readers read what is put in: a plain model with W + s B A written into its weight gives the same."""
    inputs = {name: t for name, t in given.items() if name != "labels"}
    changed = weight + ALPHA / RANK * product
    put = functional_call(model, {case.weight: changed}, kwargs=inputs, tie_weights=True).logits
    weight.copy_(changed)
    assert apart(put, model(**inputs).logits) < 1e-5, f"{case.name}: a reader reads something else"


def apart(computed, exact) -> float:
    computed, exact = torch.as_tensor(computed).double(), torch.as_tensor(exact).double()
    return ((computed - exact).abs() / (1 + exact.abs())).max().item()


def save_init(folder: pathlib.Path, case: Case, start: dict) -> None:
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "target_modules": case.readers,
              "ensure_weight_tying": True, "lora_dropout": 0.0, "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    tensors = {}
    for index, reader in enumerate(case.readers):
        key = f"base_model.model.{reader}.lora_"
        if index < case.embeddings:
            tensors[f"{key}embedding_A"], tensors[f"{key}embedding_B"] = start["B"].t(), start["A"].t()
        else:
            tensors[f"{key}A.weight"], tensors[f"{key}B.weight"] = start["A"], start["B"]
    save_file({key: t.clone().contiguous() for key, t in tensors.items()}, folder / "adapter_model.safetensors")


def write(out: pathlib.Path, case: Case, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    config = transformers.AutoConfig.from_pretrained(RESOURCES / case.base)
    vocabulary = config.vocab_size
    width = config.d_model if case.model is T5ForConditionalGeneration else config.hidden_size
    start = {"B": torch.randn(vocabulary, RANK) * 0.1, "A": torch.randn(RANK, width) * 0.3}
    save_init(folder.path / "init", case, start)
    batches = [batch(case, vocabulary) for _ in range(STEPS)]
    losses, norms, final = train(case, start, batches, torch.float32)
    exact_losses, exact_norms, exact_final = train(case, start, batches, torch.float64)
    rounding = max(apart(losses, exact_losses), apart(norms, exact_norms),
                   *(apart(final[name], exact_final[name]) for name in "AB"))
    if rounding > LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: float32 and float64 differ by {rounding:.1e}")
    stacked = {name: torch.stack([given[name] for given in batches]) for name in batches[0]}
    folder.save_tensors("train.safetensors", stacked | {f"final.{name}": t.float() for name, t in exact_final.items()})
    folder.save_json("train.json", {"optimizer": "adamw", **SETTINGS, "losses": exact_losses, "grad_norms": exact_norms})
    folder.describe(case.about, seed, base=case.base, readers=case.readers, rounding=rounding)
    print(f"wrote {case.name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}, norm {norms[0]:.3f}; float32 is off by {rounding:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    for seed, case in enumerate(CASES):
        write(args.out, case, seed)


if __name__ == "__main__":
    main()
