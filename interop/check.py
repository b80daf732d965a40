"""Runs Ligature's command line and real PEFT on each other's files and compares the logits. See check.sh.

For each adapter below:
  - ours:    `ligature train` makes it; PEFT and `ligature logits` must agree on it
  - PEFT's:  PEFT trains it; PEFT and `ligature logits` must agree on it; `ligature train --init-adapter` goes on
             from it, and PEFT must agree on the result
  - merged:  `ligature merge` writes a checkpoint; plain Transformers on it must agree with our adapter's logits

Then the same for models of other kinds than causal ones, and trainings step by step (check_tasks.py, check_steps.py, check_data.py). Then the reference cases, made anew in another shape and with another seed than the committed ones.
"""

import argparse
import json
import pathlib
import platform
import sys
from dataclasses import dataclass

import check_adapter
import check_cases
import check_data
import check_steps
import check_tasks
import make_bases
import make_cases
import peft
import torch
import transformers
from check_adapter import compare, load_model
from ligature import ROOT, Ligature, Report

DEMO_BASE = ROOT / "examples" / "demo" / "base"


@dataclass(frozen=True)
class Case:
    base: str
    about: str
    lora: dict
    mergeable: bool = True
    # Whether PEFT's own file is read too; what starts by changing the base is another adapter without that start.
    both_ways: bool = True

    @property
    def label(self) -> str:
        return f"{self.base}, {self.about}"

    @property
    def config(self) -> dict:
        return {"r": 4, "lora_alpha": 8, **self.lora}


TIED = {"ensure_weight_tying": True}
CASES = [
    Case("tied", "embedding tied", {"target_modules": ["q_proj", "v_proj", "embed_tokens"], **TIED}),
    Case("tied", "head tied", {"target_modules": ["lm_head", "o_proj"], "r": 3, **TIED}),
    Case("tied", "both tied", {"target_modules": ["embed_tokens", "lm_head", "down_proj"], **TIED}),
    Case("tied", "regular expression tied", {"target_modules": r".*(up_proj|embed_tokens)$", **TIED}),
    Case("tied", "all-linear", {"target_modules": "all-linear"}),
    Case("tied", "two pairs on a tied weight", {"target_modules": ["embed_tokens", "lm_head"]}, mergeable=False),
    Case("untied", "embedding and head", {"target_modules": ["embed_tokens", "lm_head", "q_proj"]}),
    Case("untied", "rslora", {"target_modules": ["q_proj", "down_proj"], "r": 6, "use_rslora": True}),
    Case(
        "untied",
        "patterns",
        {
            "target_modules": ["q_proj", "v_proj", "up_proj"],
            "rank_pattern": {"q_proj": 2},
            "alpha_pattern": {"v_proj": 3},
        },
    ),
    Case("untied", "DoRA", {"target_modules": ["q_proj", "up_proj"], "use_dora": True}),
    Case("untied", "DoRA of the embedding", {"target_modules": ["embed_tokens", "o_proj"], "use_dora": True}),
    Case("untied", "biases of factors", {"target_modules": ["v_proj", "lm_head"], "lora_bias": True}, mergeable=False),
    Case("untied", "orthogonal start", {"target_modules": ["q_proj", "down_proj"], "init_lora_weights": "orthogonal"}),
    Case("untied", "PiSSA", {"target_modules": ["q_proj", "gate_proj"], "init_lora_weights": "pissa"}, both_ways=False),
    Case("untied", "OLoRA", {"target_modules": ["k_proj", "o_proj"], "init_lora_weights": "olora"}, both_ways=False),
    Case("untied", "head replaced", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}),
    Case("tied", "embedding replaced, tied", {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"], **TIED}),
    Case("tied", "token rows, tied", {"target_modules": ["v_proj"], "trainable_token_indices": [3, 5, 11], **TIED}),
    Case("qwen2", "trained biases", {"target_modules": ["q_proj", "k_proj"], "bias": "lora_only"}),
    Case("qwen2", "biases, tied", {"target_modules": ["q_proj", "k_proj", "embed_tokens"], **TIED}),
    Case("qwen3", "beside norms of heads", {"target_modules": ["q_proj", "k_proj", "gate_proj"]}),
    Case("qwen3", "embedding tied", {"target_modules": ["q_proj", "v_proj", "embed_tokens"], **TIED}),
    Case("gemma3", "embedding tied and scaled", {"target_modules": ["q_proj", "v_proj", "embed_tokens"], **TIED}),
    Case("gemma3", "token rows, tied", {"target_modules": ["o_proj"], "trainable_token_indices": [3, 5, 11], **TIED}),
    Case("gpt2", "weights stored (in, out)", {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}),
    Case("tied-bf16-sharded", "embedding tied", {"target_modules": ["v_proj", "embed_tokens"], **TIED}),
    Case("untied-fp16", "head", {"target_modules": ["k_proj", "lm_head"]}),
]
DEMO_CASES = [
    Case("demo", "attention", {"target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}),
    Case("demo", "embedding tied", {"target_modules": ["q_proj", "v_proj", "embed_tokens"], **TIED}),
]


def test_ids(vocabulary: int) -> torch.Tensor:
    return torch.randint(3, vocabulary, (3, 11), generator=torch.Generator().manual_seed(3))


def check_base(ligature: Ligature, report: Report, name: str, model: pathlib.Path) -> None:
    with report.check(f"{name}: the base alone") as found:
        ids = test_ids(json.loads((model / "config.json").read_text())["vocab_size"])
        found.append(compare(ligature.logits(model, ids), ids, model))


def check_ours(ligature: Ligature, report: Report, case: Case, model: pathlib.Path, data: list, ids) -> None:
    adapter = None
    with report.check(f"{case.label}: trained here, read by PEFT") as found:
        adapter = ligature.train(model, *data, lora=case.config)
        found.append(compare(ligature.logits(model, ids, adapter), ids, model, adapter))
    if adapter and case.mergeable:
        with report.check(f"{case.label}: merged, read by Transformers") as found:
            merged = ligature.merge(model, adapter, "--dtype", "float32")
            found.append(compare(ligature.logits(model, ids, adapter), ids, merged))
            # In the base's own type weights are rounded, so that one only has to load.
            load_model(ligature.merge(model, adapter))
    elif adapter:
        with report.check(f"{case.label}: merging refused") as found:
            found.append(ligature.refuse("merge", "--model", model, "--adapter", adapter))


def check_theirs(ligature: Ligature, report: Report, case: Case, model: pathlib.Path, data: list, ids) -> None:
    adapter = ligature.fresh("peft-adapter")
    make_bases.train_with_peft(load_model(model), case.config, adapter, 11)
    with report.check(f"{case.label}: trained by PEFT, read here") as found:
        found.append(compare(ligature.logits(model, ids, adapter), ids, model, adapter))
    with report.check(f"{case.label}: trained by PEFT, then here, read by PEFT") as found:
        output = ligature.train(model, *data, "--init-adapter", adapter)
        found.append(compare(ligature.logits(model, ids, output), ids, model, output))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="empty or missing directory for what is made on the way")
    parser.add_argument("--only", default="", metavar="TEXT", help="the adapters whose name has this text, and nothing else")
    args = parser.parse_args()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, transformers, peft))
    print(f"Python {platform.python_version()}, {versions}; tolerance {check_adapter.TOLERANCE:.0e} (1 + |b|)")

    make_bases.write(work)
    ligature, report = Ligature(work), Report()
    bases = {base.name: work / base.name for base in make_bases.BASES} | {"demo": DEMO_BASE}
    for name, model in bases.items():
        if not args.only:
            check_base(ligature, report, name, model)
    data = ["--token-ids", work / "tokens.safetensors", "--learning-rate", "1e-2"]
    ids = test_ids(make_bases.SHAPE["vocab_size"])
    for case in (case for case in CASES if args.only in case.label):
        check_ours(ligature, report, case, bases[case.base], data, ids)
        if case.both_ways:
            check_theirs(ligature, report, case, bases[case.base], data, ids)
    text = ["--data", ROOT / "README.md", "--steps", "10", "--batch-size", "4", "--sequence-length", "64",
            "--learning-rate", "1e-2"]
    for case in (case for case in DEMO_CASES if args.only in case.label):
        check_ours(ligature, report, case, DEMO_BASE, text, test_ids(4096))

    check_tasks.check(ligature, report, work, args.only)
    check_steps.check(ligature, report, work, args.only)
    check_data.check(ligature, report, work, args.only)
    if not args.only:
        make_cases.write(work / "cases", "odd", 5)
        check_cases.check(ligature, report, work / "cases")
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
