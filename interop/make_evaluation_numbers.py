"""Writes models/src/test/resources/tasks/evaluation.json, and the batches of pairs: what `evaluate` must find, by Transformers.

    python interop/make_evaluation_numbers.py models/src/test/resources/tasks

Nothing in this file may come from Ligature. Of each file of batches in that folder, and of the adapter of the reference case
that it was made with: the loss, the mean over all items; perplexity; the accuracy; F1 as scikit-learn's `f1_score` computes it with
`average="macro"`; of pairs the ranks of their answers by cosine among all of the file.
"""
import argparse
import json
import math
import pathlib

import torch
import torch.nn.functional as F
import transformers
from make_task_numbers import CASES, IGNORED, RESOURCES
from peft import PeftModel
from safetensors.torch import load_file, save_file

TEMPERATURE = 0.05
STEPS, PAIRS, LENGTH = 5, 5, 8


def macro_f1(truth: torch.Tensor, found: torch.Tensor) -> float:
    scores = []
    for label in sorted({*truth.tolist(), *found.tolist()}):
        hits = ((truth == label) & (found == label)).sum().item()
        scores.append(2 * hits / ((truth == label).sum().item() + (found == label).sum().item()))
    return sum(scores) / len(scores)


def evaluate(case) -> dict:
    folder = RESOURCES / case.folder
    model = PeftModel.from_pretrained(case.model.from_pretrained(folder / "base"), folder / "adapter").double().eval()
    given = load_file(RESOURCES / "tasks" / f"{case.name}.safetensors")
    truth, found, losses = [], [], []
    names = ("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids")
    for step in range(len(given["labels"])):
        batch = {name: given[name][step] for name in names if name in given}
        labels = given["labels"][step]
        if case.kind == "causal":
            batch = {"input_ids": given["batches"][step]}
        logits = model(**batch).logits
        if case.kind == "causal":
            logits, labels = logits[:, :-1], labels[:, 1:]
        logits, labels = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
        counted = labels != IGNORED
        truth.append(labels[counted])
        found.append(logits[counted].argmax(-1))
        losses.append(F.cross_entropy(logits[counted], labels[counted], reduction="none"))
    truth, found = torch.cat(truth), torch.cat(found)
    loss = torch.cat(losses).mean().item()
    accuracy = (truth == found).double().mean().item()
    if case.kind in ("texts", "words"):
        return {"loss": loss, "accuracy": accuracy, "macro_f1": macro_f1(truth, found)}
    return {"loss": loss, "perplexity": math.exp(loss), "token_accuracy": accuracy}


def pairs(out: pathlib.Path) -> dict:
    torch.manual_seed(7)
    folder = RESOURCES / "encoders/bert-model"
    base = transformers.BertModel.from_pretrained(folder / "base")
    model = PeftModel.from_pretrained(base, folder / "adapter").double().eval()
    mask = (torch.arange(LENGTH) < torch.randint(3, LENGTH + 1, (STEPS, 2 * PAIRS, 1))).long()
    mask[:, 0] = 1
    ids = torch.randint(3, base.config.vocab_size, mask.shape)
    ids[:, PAIRS:, :3] = ids[:, :PAIRS, :3]  # so that some answers are found
    ids = ids * mask
    save_file({"input_ids": ids, "attention_mask": mask}, out / "pairs.safetensors")
    queries, answers, losses = [], [], []
    for step in range(STEPS):
        hidden = model(input_ids=ids[step], attention_mask=mask[step]).last_hidden_state
        weight = mask[step].unsqueeze(-1).double()
        vectors = F.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)
        scores = vectors[:PAIRS] @ vectors[PAIRS:].T / TEMPERATURE
        own = torch.arange(PAIRS)
        losses.append((F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)).item() / 2)
        queries.append(vectors[:PAIRS])
        answers.append(vectors[PAIRS:])
    scores = torch.cat(queries) @ torch.cat(answers).T
    ranks = 1 + (scores > scores.diagonal().unsqueeze(1)).sum(1).double()
    return {"loss": sum(losses) / STEPS, "recall_at_1": (ranks <= 1).double().mean().item(),
            "recall_at_10": (ranks <= 10).double().mean().item(), "mrr": (1 / ranks).mean().item()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    numbers = {case.name: {"model": case.folder, **evaluate(case)} for case in CASES}
    numbers["pairs"] = {"model": "encoders/bert-model", **pairs(out)}
    (out / "evaluation.json").write_text(json.dumps(numbers, indent=1) + "\n")
    for name, found in numbers.items():
        print(name, found)


if __name__ == "__main__":
    main()
