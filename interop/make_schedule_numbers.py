"""Writes the learning rates of Transformers that the tests of `runtime` compare with.

    python interop/make_schedule_numbers.py runtime/src/test/resources/training/schedules.json

Each case is a schedule of Transformers with a rate, a warm-up and a number of steps, and the rate of each optimizer step, and
of a few after the last.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import optimization

BEYOND = 3
MAKERS = {
    "CONSTANT": lambda optimizer, warmup, steps: optimization.get_constant_schedule_with_warmup(optimizer, warmup),
    "LINEAR": optimization.get_linear_schedule_with_warmup,
    "COSINE": optimization.get_cosine_schedule_with_warmup,
}


def rates(kind: str, rate: float, warmup: int, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = MAKERS[kind](optimizer, warmup, steps)
    found = []
    for _ in range(steps + BEYOND):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def main() -> None:
    cases = [
        dict(kind=kind, rate=rate, warmup=warmup, steps=steps, rates=rates(kind, rate, warmup, steps))
        for kind in MAKERS
        for rate, warmup, steps in [(1e-3, 0, 12), (2e-4, 3, 12), (0.05, 12, 12), (1e-2, 1, 1), (3e-3, 5, 3)]
    ]
    Path(sys.argv[1]).write_text(json.dumps(dict(transformers=transformers.__version__, cases=cases), indent=1) + "\n")


if __name__ == "__main__":
    main()
