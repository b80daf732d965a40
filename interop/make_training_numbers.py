"""Writes the numbers of torch that the training tests of `runtime` compare with.

    python -m venv venv && venv/bin/pip install torch safetensors
    venv/bin/python interop/make_training_numbers.py runtime/src/test/resources/training

The model is an embedding E (V, d) and a head H (V, d): logits = E[ids] @ H.T, so a case is one
small JSON file: what it starts from, what it is fed, and what torch makes of it.
"""
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

V, D = 11, 4
IGNORED = -100


def start(seed):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(V, D, generator=generator) * 0.5 for name in ("embedding", "head")}


def batches(seed, *shapes):
    generator = torch.Generator().manual_seed(1000 + seed)
    return [torch.randint(0, V, shape, generator=generator) for shape in shapes]


def loss_sum(weights, ids, labels):
    logits = F.embedding(ids, weights["embedding"]) @ weights["head"].T
    return F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1), ignore_index=IGNORED,
                           reduction="sum")


def squares_mean(weights, ids, values):
    """The mean square of what the logits (B, T, V) differ by from given values."""
    return F.mse_loss(F.embedding(ids, weights["embedding"]) @ weights["head"].T, values)


def rounded(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def train(out, name, about, seed, steps, make_optimizer, settings, max_grad_norm=None, frozen_until=None,
          labels=None, schedule=None):
    """`steps` is a list of optimizer steps, each a list of micro batches (B, T)."""
    weights = {k: v.clone().requires_grad_() for k, v in start(seed).items()}
    initial = {k: rounded(v) for k, v in weights.items()}
    optimizer = make_optimizer(list(weights.values()))
    losses, norms = [], []
    for index, micro in enumerate(steps):
        if frozen_until is not None:
            weights["head"].requires_grad_(index >= frozen_until)
        if schedule is not None:
            for group in optimizer.param_groups:
                group["lr"] = schedule[index]
        optimizer.zero_grad()
        targets = [labels[index][i] if labels else ids for i, ids in enumerate(micro)]
        tokens = sum(int((t[:, 1:] != IGNORED).sum()) for t in targets)
        total = 0.0
        for ids, target in zip(micro, targets):
            share = loss_sum(weights, ids, target) / tokens
            share.backward()
            total += share.item()
        norms.append(torch.nn.utils.clip_grad_norm_(weights.values(), max_grad_norm or float("inf")).item())
        losses.append(total)
        optimizer.step()
    case = dict(about=about, torch=torch.__version__, settings=settings, max_grad_norm=max_grad_norm,
                frozen_until=frozen_until, schedule=schedule, vocabulary=V, width=D, initial=initial,
                steps=[[ids.tolist() for ids in micro] for micro in steps],
                labels=[[t.tolist() for t in micro] for micro in labels] if labels else None,
                losses=losses, grad_norms=norms, final={k: rounded(v) for k, v in weights.items()})
    write(out, name, case)
    print(f"{name:24s} loss {losses[0]:.4f} -> {losses[-1]:.4f}")


def train_squares(out, name, about, seed, steps, make_optimizer, settings):
    """A loss that is not of next tokens; a micro batch counts by its rows."""
    weights = {k: v.clone().requires_grad_() for k, v in start(seed).items()}
    initial = {k: rounded(v) for k, v in weights.items()}
    generator = torch.Generator().manual_seed(700 + seed)
    values = [[torch.randn(*ids.shape, V, generator=generator) for ids in micro] for micro in steps]
    optimizer = make_optimizer(list(weights.values()))
    losses, norms = [], []
    for micro, wanted in zip(steps, values):
        optimizer.zero_grad()
        rows = sum(len(ids) for ids in micro)
        loss = sum(len(ids) / rows * squares_mean(weights, ids, value) for ids, value in zip(micro, wanted))
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(weights.values(), float("inf")).item())
        losses.append(loss.item())
        optimizer.step()
    write(out, name, dict(about=about, torch=torch.__version__, settings=settings, vocabulary=V, width=D,
                          initial=initial, steps=[[ids.tolist() for ids in micro] for micro in steps],
                          values=[[rounded(value) for value in wanted] for wanted in values],
                          losses=losses, grad_norms=norms, final={k: rounded(v) for k, v in weights.items()}))
    print(f"{name:24s} loss {losses[0]:.4f} -> {losses[-1]:.4f}")


def updates(out, name, about, make_optimizer, settings, scale):
    """The optimizer alone, on given gradients: shows where epsilon stands."""
    generator = torch.Generator().manual_seed(7)
    weight = torch.randn(6, generator=generator).requires_grad_()
    initial = rounded(weight)
    optimizer = make_optimizer([weight])
    gradients, path = [], []
    for _ in range(5):
        weight.grad = torch.randn(6, generator=generator) * scale
        gradients.append(rounded(weight.grad))
        optimizer.step()
        path.append(rounded(weight))
    write(out, name, dict(about=about, torch=torch.__version__, settings=settings, initial=initial,
                          gradients=gradients, path=path))
    print(name)


def write(out, name, case):
    lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in case.items()]
    (out / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def adamw(**settings):
    return (lambda parameters: torch.optim.AdamW(parameters, **settings)), dict(optimizer="adamw", **settings)


def sgd(**settings):
    return (lambda parameters: torch.optim.SGD(parameters, **settings)), dict(optimizer="sgd", **settings)


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    even = [[ids] for ids in batches(1, *[(2, 6)] * 10)]
    uneven = [batches(10 + i, (1, 3), (3, 8), (2, 5)) for i in range(6)]

    train(out, "adamw-decay", "AdamW with weight decay", 1, even,
          *adamw(lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1))
    train(out, "adamw-betas-clip", "AdamW with other betas, a large eps, and clipping", 2, even,
          *adamw(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.0), max_grad_norm=0.3)
    train(out, "adamw-late-parameter", "the head joins at the fourth step, and counts from there", 3, even,
          *adamw(lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), frozen_until=3)
    train(out, "sgd-clip", "SGD, weight decay, gradients clipped to a global norm", 4, even,
          *sgd(lr=0.5, weight_decay=0.01, momentum=0.0), max_grad_norm=0.5)
    train(out, "sgd-momentum", "SGD with momentum, under a learning rate that changes", 5, even,
          *sgd(lr=0.3, weight_decay=0.02, momentum=0.9), schedule=[0.3, 0.2, 0.1, 0.4, 0.0, 0.2, 0.1, 0.1, 0.3, 0.2])
    train(out, "accumulation-uneven", "micro batches with 2, 21 and 8 predicted tokens make one step", 6, uneven,
          *adamw(lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01), max_grad_norm=1.0)

    labels = []
    for index, micro in enumerate(uneven):
        generator = torch.Generator().manual_seed(500 + index)
        labels.append([torch.where(torch.rand(ids.shape, generator=generator) < 0.4, torch.tensor(IGNORED), ids)
                       for ids in micro])
    train(out, "ignored-labels", "labels of -100 do not count, also in the weights of micro batches", 7, uneven,
          *sgd(lr=0.2, weight_decay=0.0, momentum=0.0), labels=labels)

    train_squares(out, "squares-uneven", "mean squares, micro batches of 1, 3 and 2 rows", 8, uneven[:3],
                  *adamw(lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01))

    updates(out, "adamw-tiny-gradients", "gradients near eps: 1e-7", *adamw(lr=0.01, betas=(0.9, 0.999), eps=1e-8,
                                                                          weight_decay=0.0), scale=1e-7)
    updates(out, "adamw-below-eps", "gradients below eps: 1e-9", *adamw(lr=0.01, betas=(0.9, 0.999), eps=1e-8,
                                                                      weight_decay=0.2), scale=1e-9)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
