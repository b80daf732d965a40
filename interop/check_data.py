"""Checks what lines of data become in `ligature train`: conversations and packing. See check.py.

Each training is 12 steps of AdamW over all lines, from a random adapter of PEFT on. Transformers and PEFT take the same steps: the
tokens are those of its tokenizer and its apply_chat_template, what counts is its mask of the assistant's tokens, and packed
texts are kept apart by position_ids alone. Losses and tensors must agree within 1e-5.
"""

import csv
import json
import pathlib
import random
import string
from dataclasses import dataclass

import torch
import transformers
from check_adapter import Disagreement
from ligature import ROOT, Ligature, Report
from make_cases import randomise_adapter, randomise_base
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file

LARGEST, STEPS, LINES, LENGTH, RATE, IGNORED = 1e-5, 12, 7, 40, 1e-3, -100
SIZES = {
    "vocab_size": 67, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0,
}
TEMPLATE = (
    "[CLS]{% for m in messages %} {{ m.role[0] }} {% if m.role == 'assistant' %}{% generation %}{{ m.content }} [SEP]{% endgeneration %}"
    "{% else %}{{ m.content }} [SEP]{% endif %}{% endfor %}{% if add_generation_prompt %} a{% endif %}"
)


@dataclass(frozen=True)
class Case:
    name: str
    model: type
    config: transformers.PretrainedConfig
    chats: bool
    packing: bool


CASES = [
    Case("Llama, conversations", transformers.LlamaForCausalLM, transformers.LlamaConfig(**SIZES), True, False),
    Case("Llama, packed prompts", transformers.LlamaForCausalLM, transformers.LlamaConfig(**SIZES), False, True),
    Case("Gemma 3, packed conversations", transformers.Gemma3ForCausalLM,
         transformers.Gemma3TextConfig(**SIZES, head_dim=6, sliding_window=4, layer_types=["sliding_attention", "full_attention"]),
         True, True),
]


def letters(least: int, most: int) -> str:
    return " ".join(random.choices(string.ascii_lowercase, k=random.randint(least, most)))


def lines(chats: bool) -> list[dict]:
    if not chats:
        return [{"prompt": letters(1, 6) + " ", "completion": letters(1, 8)} for _ in range(LINES)]
    say = lambda role: {"role": role, "content": letters(1, 3)}  # noqa: E731
    return [{"messages": [say("user"), say("assistant")] * random.randint(1, 2)} for _ in range(LINES)]


def tokens(line: dict, tokenizer) -> tuple[list[int], list[int]]:
    """Returns the tokens of a line, and its labels."""
    if "messages" in line:
        found = tokenizer.apply_chat_template(line["messages"], return_dict=True, return_assistant_tokens_mask=True)
        ids, mask = found["input_ids"], found["assistant_masks"]
    else:
        ids = tokenizer(line["prompt"] + line["completion"])["input_ids"]
        prompt = len(tokenizer(line["prompt"])["input_ids"]) - 1  # without [SEP]
        mask = [int(i >= prompt) for i in range(len(ids))]
    if len(ids) > LENGTH:
        raise SystemExit("a line is too long")
    return ids, [token if counts else IGNORED for token, counts in zip(ids, mask)]


def batches(rows: list[tuple[list[int], list[int]]], packing: bool) -> list[dict]:
    """Returns the batches whose losses add up: one for each row of packed texts, or for each text."""
    groups: list[list] = []
    for row in rows:  # next-fit
        if packing and groups and sum(len(ids) for ids, _ in groups[-1]) + len(row[0]) <= LENGTH:
            groups[-1].append(row)
        else:
            groups.append([row])
    made = []
    for group in groups:
        made.append({
            "input_ids": torch.tensor([[token for ids, _ in group for token in ids]]),
            "labels": torch.tensor([[label for _, labels in group for label in [IGNORED, *labels[1:]]]]),
            "position_ids": torch.tensor([[place for ids, _ in group for place in range(len(ids))]]),
        })
    return made


def train(model, given: list[dict]) -> list[float]:
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE, weight_decay=0.0)
    counted = sum((batch["labels"][:, 1:] != IGNORED).sum().item() for batch in given)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        total = 0.0
        for batch in given:
            loss = model(**batch, num_items_in_batch=counted, use_cache=False).loss  # a cache would join packed texts
            loss.backward()
            total += loss.item()
        losses.append(total)
        optimizer.step()
    return losses


def check_case(ligature: Ligature, case: Case, folder: pathlib.Path) -> str:
    base = case.model(case.config)
    randomise_base(base)
    base.save_pretrained(folder / "base")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(ROOT / "models/src/test/resources/tasks/tokenizer.json"), chat_template=TEMPLATE)
    tokenizer.save_pretrained(folder / "base")
    adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    randomise_adapter(adapted, 0.2)
    adapted.save_pretrained(folder / "adapter")
    data = lines(case.chats)
    file = ligature.fresh("lines.jsonl")
    file.write_text("".join(json.dumps(line) + "\n" for line in data))
    output = ligature.train(
        folder / "base", "--data", file, "--init-adapter", folder / "adapter", "--steps", STEPS, "--batch-size", LINES,
        "--sequence-length", LENGTH, "--learning-rate", RATE, *(["--packing"] if case.packing else []))
    given = batches([tokens(line, tokenizer) for line in data], case.packing)
    if case.packing and len(given) > LINES - 2:
        raise SystemExit("next to nothing was packed")
    expected = train(adapted, given)
    rows = list(csv.DictReader((output / "metrics.csv").open()))
    loss = max(abs(float(row["loss"]) - other) for row, other in zip(rows, expected, strict=True))
    ours = load_file(output / "adapter_model.safetensors")
    theirs = get_peft_model_state_dict(adapted)
    tensors = max((ours[key] - theirs[key]).abs().max().item() for key in theirs)
    found = f"losses differ by {loss:.1e}, tensors by {tensors:.1e}"
    if ours.keys() != theirs.keys() or not (loss <= LARGEST and tensors <= LARGEST):
        raise Disagreement(found)
    return found


def check(ligature: Ligature, report: Report, work: pathlib.Path, only: str) -> None:
    for number, case in enumerate(CASES):
        if only not in case.name:
            continue
        torch.manual_seed(900 + number)
        random.seed(900 + number)
        with report.check(f"{case.name}: {STEPS} steps here and by Transformers and PEFT") as found:
            found.append(check_case(ligature, case, work / f"data-{number}"))
