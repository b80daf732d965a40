"""Writes models/src/test/resources/embedding: the loss of in-batch negatives and its gradients by torch, and a training by PEFT.

    python interop/make_embedding_numbers.py models/src/test/resources/embedding

  in-batch-negatives.safetensors
      hidden, mask      (2B,T,d), (2B,T): B questions, then their B answers
      mean.loss, cls.loss, mean.gradient, cls.gradient
                        the loss where texts are pooled so, and its gradient with respect to hidden
      negatives.loss, negatives.gradient
                        the same of 3 questions, their 3 answers and 2 other texts, pooled by their means
      input_ids, ids_mask
                        (2B,T) tokens for the case bert-model-linear
      losses            of steps of SGD from the adapter of that case on
"""

import argparse
import pathlib

import torch
from peft import PeftModel
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import BertModel

CASE = pathlib.Path(__file__).parent.parent / "models/src/test/resources/encoders/bert-model-linear"
TEMPERATURE, STEPS, RATE = 0.05, 4, 0.05
NEGATIVE_PAIRS = 3


def mean(hidden, mask):
    return (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)


def cls(hidden, mask):
    return hidden[:, 0]


def in_batch_negatives(hidden, mask, pool, pairs=None):
    """Of the texts behind the pairs, only the questions are told apart."""
    vectors = F.normalize(pool(hidden, mask), dim=-1)
    pairs = pairs or len(vectors) // 2
    scores = vectors[:pairs] @ vectors[pairs:].T / TEMPERATURE
    right = torch.arange(pairs)
    return (F.cross_entropy(scores, right) + F.cross_entropy(scores[:, :pairs].T, right)) / 2


def mask_of(lengths, dtype):
    return (torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]).to(dtype)


def numbers():
    torch.manual_seed(0)
    hidden = torch.randn(8, 5, 6, dtype=torch.float32)
    mask = mask_of([5, 2, 1, 4, 3, 5, 2, 4], torch.float32)
    found = {"hidden": hidden, "mask": mask}
    for pool in (mean, cls):
        leaf = hidden.double().requires_grad_()
        loss = in_batch_negatives(leaf, mask.double(), pool)
        loss.backward()
        found[f"{pool.__name__}.loss"] = loss.detach().float()
        found[f"{pool.__name__}.gradient"] = leaf.grad.float()
    leaf = hidden.double().requires_grad_()
    loss = in_batch_negatives(leaf, mask.double(), mean, NEGATIVE_PAIRS)
    loss.backward()
    return found | {"negatives.loss": loss.detach().float(), "negatives.gradient": leaf.grad.float()}


def training():
    torch.manual_seed(1)
    base = BertModel.from_pretrained(CASE / "base", add_pooling_layer=False)
    model = PeftModel.from_pretrained(base, CASE / "adapter", is_trainable=True).eval()  # without dropout
    mask = mask_of([7, 4, 5, 9, 3, 6], torch.long)
    ids = torch.randint(1, base.config.vocab_size, mask.shape) * mask
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=RATE)
    losses = []
    for _ in range(STEPS):
        hidden = model(input_ids=ids, attention_mask=mask)[0]
        loss = in_batch_negatives(hidden, mask.float(), mean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("losses", losses)
    return {"input_ids": ids, "ids_mask": mask.float(), "losses": torch.tensor(losses)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    save_file(numbers() | training(), out / "in-batch-negatives.safetensors")


if __name__ == "__main__":
    main()
