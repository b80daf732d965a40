"""Writes what Transformers' processors of logits, and vLLM's formulas of penalties, make of logits, as the tests' oracle.

    python interop/make_sampling_cases.py > models/src/test/resources/sampling/cases.jsonl

The order is that of vLLM's V1 sampler: least tokens, bias, repetition, frequency, presence, temperature, min_p, top_k, top_p. Transformers has
a class for each of them but the bias, frequency and presence, which are as OpenAI and vLLM write them:

    logit[id] += bias[id]
    logit[id] -= times made[id] * frequency + (made[id] > 0) * presence
"""

import functools
import json
import random

import torch
from transformers.generation import logits_process as hf

NUCLEI, LARGEST, LEAST = (1.0, 0.99, 0.9, 0.5, 0.1, 1e-9), (1, 3, 7, 100), (1e-3, 0.05, 0.5, 1.0)


def probabilities(logits, prompt, made, options):
    """All in doubles, so that what is left in or out is decided by the formulas, not by rounding."""
    scores = torch.tensor([logits], dtype=torch.float32).double()
    ids = torch.tensor([prompt + made])
    if len(made) < options.get("min_tokens", 0):
        scores[:, options["stops"]] = -torch.inf
    for token, bias in options.get("logit_bias", {}).items():
        scores[:, int(token)] += bias
    if "repetition_penalty" in options:
        scores = hf.RepetitionPenaltyLogitsProcessor(options["repetition_penalty"])(ids, scores)
    times = torch.bincount(torch.tensor(made, dtype=torch.long), minlength=len(logits))[None]
    scores -= options.get("frequency_penalty", 0) * times + options.get("presence_penalty", 0) * (times > 0)
    scores = hf.TemperatureLogitsWarper(float(options["temperature"]))(ids, scores)
    if options.get("min_p", 0) > 0:
        scores = hf.MinPLogitsWarper(options["min_p"])(ids, scores)
    if options.get("top_k", 0) > 0:
        scores = hf.TopKLogitsWarper(options["top_k"])(ids, scores)
    if options.get("top_p", 1) < 1:
        scores = hf.TopPLogitsWarper(options["top_p"])(ids, scores)
    return [float(f"{p:.9g}") for p in scores.softmax(-1)[0].tolist()]


def finite(rows):
    return {name: [v if v != -torch.inf else None for v in row] for name, row in rows.items()}


def as_single(values):
    return torch.tensor(values, dtype=torch.float32).tolist()


def cases():
    draw = random.Random(15)
    rows = {
        "peaked": as_single([draw.gauss(0, 4) for _ in range(24)]),
        "flat": as_single([draw.gauss(0, 0.3) for _ in range(24)]),
        "equal": [0.5] * 8,
        "ties": [float(draw.randrange(4)) for _ in range(24)],
        "masked": [v if i % 3 else -torch.inf for i, v in enumerate(as_single([draw.gauss(0, 2) for _ in range(24)]))],
        "far": [88.0, -88.0, 87.0, 0.0, -1e30, 88.0, 3.0, -torch.inf],
    }
    for name, logits in rows.items():
        tokens = [draw.randrange(len(logits)) for _ in range(5)]
        made = [draw.choice(tokens), *(draw.randrange(len(logits)) for _ in range(4))] * 2
        cuts = [{"top_p": p} for p in NUCLEI] + [{"top_k": k} for k in LARGEST] + [{"min_p": p} for p in LEAST]
        cuts += [{"top_k": 5, "top_p": 0.8}, {"top_k": 5, "min_p": 0.1, "top_p": 0.7}]
        changes = [{}, {"presence_penalty": 0.7}, {"frequency_penalty": -0.4}, {"repetition_penalty": 1.3}, {"repetition_penalty": 0.8}]
        changes += [{"presence_penalty": -2, "frequency_penalty": 2, "repetition_penalty": 2.0}]
        changes += [{"logit_bias": {"0": -100, "1": 100}}, {"logit_bias": {"2": 1.5, "3": -0.25}, "repetition_penalty": 1.1}]
        changes += [{"min_tokens": 11, "stops": [0, 2]}, {"min_tokens": 10, "stops": [0, 2]}]
        options = [{"temperature": t} for t in (0.1, 0.5, 1, 2)]
        options += [{"temperature": 0.8 if name != "equal" else 1, **cut} for cut in cuts]
        options += [{"temperature": 1.2, **change} for change in changes]
        options += [{"temperature": 0.9, **draw.choice(changes), **draw.choice(cuts)} for _ in range(8)]
        for option in options:
            yield {"row": name, "prompt": tokens, "made": made, "options": option,
                   "probabilities": probabilities(logits, tokens, made, option)}
    yield {name: torch.tensor(logits).double().log_softmax(-1).tolist() for name, logits in rows.items()}
    yield rows


def main() -> None:
    # Which of tokens that are equally likely top_p keeps is the sort's to say; a stable one says it the same everywhere.
    torch.sort = functools.partial(torch.sort, stable=True)
    *found, logprobs, rows = cases()
    first = {"rows": finite(rows), "logprobs": finite(logprobs)}
    print("\n".join(json.dumps(line) for line in [first, *found]))


if __name__ == "__main__":
    main()
