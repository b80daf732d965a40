"""Runs Ligature's command line on a directory of reference cases.

    python interop/check_cases.py models/src/test/resources/cases

Logits, of the adapter and of the merged checkpoint, must be within 1e-4 (1 + |b|) of the case's; losses, gradient norms
and final factors of a training within 1e-5; two copies of a tied pair that disagree must be refused.
"""

import argparse
import csv
import json
import pathlib
import sys
import tempfile

import torch
from check_adapter import TOLERANCE, Disagreement, gap
from ligature import Ligature, Report
from safetensors.torch import load_file

TRAINING_TOLERANCE = 1e-5


def within(what: str, ours: torch.Tensor, expected: torch.Tensor, tolerance: float) -> str:
    if ours.shape != expected.shape:
        raise Disagreement(f"{what} is of shape {tuple(ours.shape)}, not {tuple(expected.shape)}")
    difference = gap(ours, expected)
    if not difference <= tolerance:
        raise Disagreement(f"{what} differs by {difference:.1e}, allowed is {tolerance:.0e}")
    return f"{what} {difference:.1e}"


def is_tied_apart(adapter: pathlib.Path, base: pathlib.Path) -> bool:
    """Whether embedding and head of a tied base are adapted apart, which no merged checkpoint can express."""
    tied = json.loads((base / "config.json").read_text())["tie_word_embeddings"]
    config = json.loads((adapter / "adapter_config.json").read_text())
    saved = load_file(adapter / "adapter_model.safetensors")
    replaced = {name.rpartition(".")[2] for name in config["modules_to_save"] or []}
    adapted = any(
        part in replaced or any(f".{part}.lora_" in name for name in saved) for part in ("embed_tokens", "lm_head")
    )
    tokens = config["trainable_token_indices"]
    rows_apart = isinstance(tokens, dict) and len({tuple(sorted(rows)) for rows in tokens.values()}) > 1
    return tied and not config["ensure_weight_tying"] and (adapted or rows_apart)


def check_forward(ligature: Ligature, report: Report, case: pathlib.Path) -> None:
    base, adapter = case / "base", case / "adapter"
    expected = load_file(case / "expected.safetensors")
    ids = expected["input_ids"]

    def logits(model: pathlib.Path, *with_adapter: pathlib.Path) -> torch.Tensor:
        return load_file(ligature.logits(model, ids, *with_adapter))["logits"]

    with report.check(f"case {case.name}") as found:
        found.append(within("base", logits(base), expected["base_logits"], TOLERANCE))
        found.append(within("adapter", logits(base, adapter), expected["adapter_logits"], TOLERANCE))
        if is_tied_apart(adapter, base):
            ligature.refuse("merge", "--model", base, "--adapter", adapter)
            found.append("merge refused")
        else:
            merged = logits(ligature.merge(base, adapter))
            found.append(within("merged", merged, expected["adapter_logits"], TOLERANCE))


def final_factors(adapter: pathlib.Path, expected: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The saved tensors that are expected; factors as a linear layer has them: A (r,in), B (out,r).

    Of an adapter that was converted to plain LoRA, A and B are the first halves of what is saved."""
    saved = load_file(adapter / "adapter_model.safetensors")
    factors = {}
    for name in expected:
        if ".lora_" not in name:
            module, _, kind = name.removeprefix("final.").rpartition(".")
            prefix = f"base_model.model.{module}"
            keys = [f"{prefix}.token_adapter.{kind}_delta", f"{prefix}.base_layer.{kind}", f"{prefix}.{kind}"]
            factors[name] = next(saved[key] for key in keys if key in saved)
            continue
        module, _, kind = name.removeprefix("final.").rpartition(".lora_")
        prefix = f"base_model.model.{module}.lora_"
        if f"{prefix}embedding_A" in saved and kind != "magnitude_vector":
            factors[name] = saved[f"{prefix}embedding_{'B' if kind == 'A' else 'A'}"].t()
        else:
            value = saved.get(f"{prefix}{kind}.weight", saved.get(f"{prefix}{kind}"))
            factors[name] = value[tuple(slice(size) for size in expected[name].shape)]
    return factors


def check_training(ligature: Ligature, report: Report, case: pathlib.Path) -> None:
    settings = json.loads((case / "train.json").read_text())
    expected = load_file(case / "train.safetensors")
    batches = ligature.fresh("batches.safetensors")
    batches.write_bytes((case / "train.safetensors").read_bytes())
    options = ["--token-ids", batches, "--init-adapter", case / "init", "--optimizer", settings["optimizer"],
               "--learning-rate", settings["lr"], "--weight-decay", settings["weight_decay"]]
    if settings["max_grad_norm"]:
        options += ["--max-grad-norm", settings["max_grad_norm"]]
    with report.check(f"case {case.name}") as found:
        adapter = ligature.train(case / "base", *options)
        with (adapter / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for column, key in (("loss", "losses"), ("grad_norm", "grad_norms")):
            ours = torch.tensor([float(row[column]) for row in rows], dtype=torch.float64)
            theirs = torch.tensor(settings[key], dtype=torch.float64)
            found.append(within(column, ours, theirs, TRAINING_TOLERANCE))
        names = {name for name in expected if name.startswith("final.")}
        ours = final_factors(adapter, {name: expected[name] for name in names})
        found.append(within("factors", torch.cat([ours[n].reshape(-1) for n in sorted(names)]),
                            torch.cat([expected[n].reshape(-1) for n in sorted(names)]), TRAINING_TOLERANCE))


def check_diverged(ligature: Ligature, report: Report, case: pathlib.Path) -> None:
    with report.check(f"case {case.name}") as found:
        message = ligature.refuse("logits", "--model", case / "base", "--adapter", case / "adapter",
                                  "--input-ids", "3,4,5")
        if "embed_tokens" not in message or "lm_head" not in message:
            raise Disagreement(f"the message does not name both copies: {message}")
        found.append(message)


def check(ligature: Ligature, report: Report, cases: pathlib.Path) -> None:
    for case in sorted(path.parent for path in cases.glob("*/case.json")):
        if (case / "expected.safetensors").exists():
            check_forward(ligature, report, case)
        elif (case / "train.json").exists():
            check_training(ligature, report, case)
        else:
            check_diverged(ligature, report, case)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=pathlib.Path)
    cases = parser.parse_args().cases.resolve()
    report = Report()
    with tempfile.TemporaryDirectory() as work:
        check(Ligature(pathlib.Path(work)), report, cases)
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
