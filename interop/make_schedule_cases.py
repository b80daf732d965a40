"""Writes models/src/test/resources/tasks/steps-*.safetensors: trainings by Transformers and PEFT with a schedule, accumulation,
clipping and LoRA+, for `train --token-ids`.

    python interop/make_schedule_cases.py models/src/test/resources/tasks

Nothing in this file may come from Ligature. Each is 12 steps of AdamW from the adapter of a reference case on, each of two
batches, in which the tokens of a prompt do not count:

    batches, labels   (24,B,T)
    losses, rates     (12)
    final.KEY         the adapter's tensors at the end, by the keys of PEFT's file
    settings          is in the file's metadata

Each training is done in float32 and in float64, which must agree.
"""
import argparse
import json
import pathlib
from dataclasses import asdict, dataclass

import torch
import transformers
from make_schedule_numbers import MAKERS
from make_task_numbers import IGNORED, LARGEST_ROUNDING, RESOURCES
from peft import PeftModel, get_peft_model_state_dict
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import save_file

STEPS, MICRO, ROWS, LENGTH = 12, 2, 3, 10


@dataclass(frozen=True)
class Case:
    name: str
    folder: str
    seed: int
    schedule: str
    warmup: int
    rate: float
    decay: float
    clip: float
    ratio: float | None = None
    embedding_rate: float = 1e-6


CASES = [
    Case("steps-linear", "cases/llama-rslora/adapter", 10, "LINEAR", 3, 1e-2, 0.0, 1e9),
    Case("steps-loraplus-embedding", "cases/llama-untied-both/adapter", 11, "COSINE", 2, 5e-3, 0.1, 0.5, 8.0, 2e-3),
    Case("steps-loraplus-biases", "cases/train-tokens-biases/init", 12, "LINEAR", 1, 1e-3, 0.05, 1e9, 4.0),
]


def given(vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(3, vocabulary, (STEPS * MICRO, ROWS, LENGTH))
    lengths = torch.randint(4, LENGTH + 1, (STEPS * MICRO, ROWS, 1))
    lengths[:, 0] = LENGTH
    prompts = torch.randint(1, 3, (STEPS * MICRO, ROWS, 1))
    place = torch.arange(LENGTH)
    ids = ids * (place < lengths)
    return ids, torch.where((place < prompts) | (place >= lengths), IGNORED, ids)


def run(case: Case, dtype: torch.dtype):
    torch.manual_seed(case.seed)
    start = RESOURCES / case.folder
    base = transformers.LlamaForCausalLM.from_pretrained(start.parent / "base")
    ids, labels = given(base.config.vocab_size)
    model = PeftModel.from_pretrained(base, start, is_trainable=True).to(dtype)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    trained = [p for p in model.parameters() if p.requires_grad]
    if case.ratio is None:
        optimizer = torch.optim.AdamW(trained, lr=case.rate, weight_decay=case.decay)
    else:
        optimizer = create_loraplus_optimizer(
            model, torch.optim.AdamW, lr=case.rate, loraplus_lr_ratio=case.ratio, loraplus_weight_decay=case.decay,
            loraplus_lr_embedding=case.embedding_rate)
    schedule = MAKERS[case.schedule](optimizer, case.warmup, STEPS)
    losses, rates = [], []
    for step in range(STEPS):
        micro = range(step * MICRO, (step + 1) * MICRO)
        counted = sum((labels[i, :, 1:] != IGNORED).sum().item() for i in micro)
        optimizer.zero_grad()
        total = 0.0
        for i in micro:
            loss = model(input_ids=ids[i], labels=labels[i], num_items_in_batch=counted).loss
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(trained, case.clip)
        losses.append(total)
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return ids, labels, losses, rates, get_peft_model_state_dict(model, save_embedding_layers=False)


def write(out: pathlib.Path, case: Case) -> None:
    ids, labels, losses, rates, final = run(case, torch.float32)
    _, _, exact, _, exact_final = run(case, torch.float64)
    rounding = max(abs(a - b) for a, b in zip(losses, exact))
    rounding = max([rounding, *((final[key] - exact_final[key]).abs().max().item() for key in final)])
    print(f"{case.name}: losses {losses[0]:.4f} to {losses[-1]:.4f}; float32 and float64 differ by {rounding:.1e}")
    if not rounding <= LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: float32 and float64 do not agree")
    tensors = {"batches": ids, "labels": labels, "losses": torch.tensor(losses), "rates": torch.tensor(rates)}
    tensors |= {f"final.{key}": value for key, value in final.items()}
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()},
              out / f"{case.name}.safetensors", {"settings": json.dumps(asdict(case))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        write(out, case)


if __name__ == "__main__":
    main()
