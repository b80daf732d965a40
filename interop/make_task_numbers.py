"""Writes models/src/test/resources/tasks: trainings by Transformers and PEFT, for `train --token-ids`.

    python interop/make_task_numbers.py models/src/test/resources/tasks

Nothing in this file may come from Ligature. A file for each task, of steps of SGD from the adapter of a reference case
on, without dropout:

    input_ids, attention_mask, token_type_ids, decoder_input_ids, labels   the batches, (steps,B,T) or (steps,B)
    losses            (steps)
    final.KEY         the adapter's tensors at the end, by the keys of PEFT's file

Of the causal model, batches are the token ids, and labels are -100 in the prompts. Each training is done in float32 and in float64, which must agree.
"""

import argparse
import pathlib
from dataclasses import dataclass

import torch
import transformers
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

RESOURCES = pathlib.Path(__file__).parent.parent / "models/src/test/resources"
STEPS, ROWS, LENGTH, ANSWER = 6, 4, 9, 7
RATE = 0.05
LARGEST_ROUNDING = 2e-6
IGNORED = -100


@dataclass(frozen=True)
class Case:
    name: str
    folder: str
    model: type
    kind: str
    seed: int


CASES = [
    Case("causal", "cases/llama-rslora", transformers.LlamaForCausalLM, "causal", 0),
    Case("seq2seq", "t5/relu", transformers.T5ForConditionalGeneration, "seq2seq", 1),
    Case("texts", "encoders/bert-sequence", transformers.BertForSequenceClassification, "texts", 2),
    Case("texts-modernbert", "encoders/modernbert-sequence", transformers.ModernBertForSequenceClassification, "texts", 3),
    Case("words", "encoders/bert-token", transformers.BertForTokenClassification, "words", 4),
    Case("masked", "encoders/bert-mlm", transformers.BertForMaskedLM, "masked", 5),
]


def masks(width: int) -> torch.Tensor:
    """(steps,B,T), padded behind; the first row of each batch is as long as the batch."""
    lengths = torch.randint(2, width + 1, (STEPS, ROWS, 1))
    lengths[:, 0] = width
    return (torch.arange(width) < lengths).long()


def batches(kind: str, config) -> dict[str, torch.Tensor]:
    mask = masks(LENGTH)
    ids = torch.randint(3, config.vocab_size, mask.shape)
    if kind == "causal":
        prompt = torch.arange(LENGTH) < torch.randint(1, 4, (STEPS, ROWS, 1))
        return {"input_ids": ids * mask, "labels": torch.where(prompt | (mask == 0), IGNORED, ids)}
    given = {"input_ids": ids * mask, "attention_mask": mask}
    if getattr(config, "type_vocab_size", 1) > 1:
        given["token_type_ids"] = (torch.arange(LENGTH) >= 5).long() * mask
    if kind == "seq2seq":
        answers = masks(ANSWER)
        labels = torch.where(answers == 1, torch.randint(3, config.vocab_size, answers.shape), IGNORED)
        start = torch.full((STEPS, ROWS, 1), config.decoder_start_token_id)
        shifted = torch.cat([start, labels[:, :, :-1]], -1)
        return given | {"labels": labels, "decoder_input_ids": shifted.masked_fill(shifted == IGNORED, config.pad_token_id)}
    if kind == "texts":
        return given | {"labels": torch.randint(0, config.num_labels, (STEPS, ROWS))}
    counted = mask == 1 if kind == "words" else (torch.rand(mask.shape) < 0.3) & (mask == 1)
    counted[:, 0, 0] = True
    classes = torch.randint(0, config.num_labels, mask.shape) if kind == "words" else ids
    return given | {"labels": torch.where(counted, classes, IGNORED)}


def train(model, given: dict[str, torch.Tensor], optimizer: type = torch.optim.SGD, rate: float = RATE) -> list[float]:
    """Returns the loss of each step. The decoder's ids are made of the labels by Transformers itself."""
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "dropout", None), float):  # T5's attention calls the function
            module.dropout = 0.0
    steps = optimizer([p for p in model.parameters() if p.requires_grad], lr=rate)
    losses = []
    for step in range(len(given["input_ids"])):
        batch = {name: tensor[step] for name, tensor in given.items() if name != "decoder_input_ids"}
        loss = model(**batch).loss
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())
    return losses


def run(case: Case, dtype: torch.dtype) -> tuple[dict, list[float], dict]:
    torch.manual_seed(case.seed)
    folder = RESOURCES / case.folder
    base = case.model.from_pretrained(folder / "base")
    given = batches(case.kind, base.config)
    start = folder / "adapter" if (folder / "adapter").exists() else folder / "init"
    model = PeftModel.from_pretrained(base, start, is_trainable=True).to(dtype)
    losses = train(model, given)
    return given, losses, get_peft_model_state_dict(model, save_embedding_layers=False)


def write(out: pathlib.Path, case: Case) -> None:
    given, losses, final = run(case, torch.float32)
    _, exact, exact_final = run(case, torch.float64)
    rounding = max(abs(a - b) for a, b in zip(losses, exact))
    rounding = max([rounding, *((final[key] - exact_final[key]).abs().max().item() for key in final)])
    print(f"{case.name}: losses {losses[0]:.4f} to {losses[-1]:.4f}; float32 and float64 differ by {rounding:.1e}")
    if not rounding <= LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: float32 and float64 do not agree")
    if case.kind == "causal":
        given = {"batches": given["input_ids"], "labels": given["labels"]}
    tensors = given | {"losses": torch.tensor(losses)} | {f"final.{key}": value for key, value in final.items()}
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, out / f"{case.name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        write(out, case)


if __name__ == "__main__":
    main()
