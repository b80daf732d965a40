"""Checks the steps of `ligature train`: completions alone count, schedules, accumulation, clipping, LoRA+. See check.py.

Each training is 12 steps of two batches, from a random adapter of PEFT on; Transformers and PEFT do the same (make_schedule_cases.py).
Losses and tensors must agree within 1e-5, and the learning rates.
"""

import csv
import pathlib
from dataclasses import replace

import make_schedule_cases
import torch
import transformers
from check_adapter import Disagreement
from ligature import Ligature, Report
from make_cases import randomise_adapter, randomise_base
from make_schedule_cases import CASES, MICRO
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

LARGEST = 1e-5
LLAMA = {
    "vocab_size": 83, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 32, "tie_word_embeddings": False,
}
LORA = {
    "steps-linear": {"target_modules": ["q_proj", "v_proj", "up_proj"]},
    "steps-loraplus-embedding": {"target_modules": ["embed_tokens", "q_proj", "lm_head"]},
    "steps-loraplus-biases": {"target_modules": ["q_proj", "k_proj"], "use_dora": True},
}


def check(ligature: Ligature, report: Report, work: pathlib.Path, only: str) -> None:
    for number, case in enumerate(CASES):
        label = f"Llama, {case.name}"
        if only not in label:
            continue
        torch.manual_seed(700 + number)
        folder = work / case.name
        base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA))
        randomise_base(base)
        base.save_pretrained(folder / "base")
        adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", **LORA[case.name]))
        randomise_adapter(adapted, 0.2)
        adapted.save_pretrained(folder / "adapter", save_embedding_layers=False)
        with report.check(f"{label}: 12 steps here and by Transformers and PEFT") as found:
            found.append(compare_steps(ligature, replace(case, folder=str(folder / "adapter")), folder))


def compare_steps(ligature: Ligature, case, folder: pathlib.Path) -> str:
    ids, labels, losses, rates, final = make_schedule_cases.run(case, torch.float32)
    file = ligature.fresh("batches.safetensors")
    save_file({"batches": ids.contiguous(), "labels": labels.contiguous()}, file)
    plus = [] if case.ratio is None else ["--loraplus-ratio", case.ratio, "--loraplus-embedding-rate", case.embedding_rate]
    output = ligature.train(
        folder / "base", "--token-ids", file, "--init-adapter", folder / "adapter", "--accumulation", MICRO, "--schedule",
        case.schedule.lower(), "--warmup-steps", case.warmup, "--learning-rate", case.rate, "--weight-decay", case.decay,
        "--max-grad-norm", case.clip, *plus)
    rows = list(csv.DictReader((output / "metrics.csv").open()))
    loss = max(abs(float(row["loss"]) - expected) for row, expected in zip(rows, losses, strict=True))
    rate = max(abs(float(row["learning_rate"]) - expected) for row, expected in zip(rows, rates, strict=True))
    ours = load_file(output / "adapter_model.safetensors")
    if ours.keys() != final.keys():
        raise Disagreement(f"the tensors {sorted(ours.keys() ^ final.keys())} are on one side only")
    tensors = max((ours[key] - final[key]).abs().max().item() for key in ours)
    found = f"losses differ by {loss:.1e}, tensors by {tensors:.1e}, rates by {rate:.1e}"
    if not (loss <= LARGEST and tensors <= LARGEST and rate <= 1e-9):
        raise Disagreement(found)
    return found
