"""Writes models/src/test/resources/tasks/preference-*.safetensors: trainings on preferences by PEFT, for `train --token-ids`.

    python interop/make_preference_numbers.py models/src/test/resources/tasks [--trl]

Nothing in this file may come from Ligature. Each is 12 steps of SGD from the adapter of a reference case on, each of pairs of texts
that begin with the same prompt: the chosen ones, then the rejected ones.

    input_ids, labels   (12,2B,T)
    losses              (12)
    evaluated           (5): loss, reward accuracy, margin, and rewards of chosen and rejected texts, of all batches before the training
    final.KEY           the adapter's tensors at the end, by the keys of PEFT's file

The reference is the base, loaded by itself: PEFT's disable_adapter() leaves trained biases in. Each training is done in float32 and in
float64, which must agree, and the numbers of float64 are written; --trl has TRL's DPOTrainer, where it
is installed, compute those of the same batches, which must agree.
"""

import argparse
import pathlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import transformers
from make_task_numbers import IGNORED, LARGEST_ROUNDING, RESOURCES
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

STEPS, PAIRS, LENGTH = 12, 3, 11


@dataclass(frozen=True)
class Case:
    name: str
    folder: str
    loss: str
    beta: float
    smoothing: float
    rate: float


CASES = [
    Case("preference", "cases/llama-rslora/adapter", "sigmoid", 0.1, 0.0, 0.02),
    # Biases and token rows of an adapter are none of the reference's.
    Case("preference-smoothed", "cases/train-tokens-biases/init", "sigmoid", 0.3, 0.1, 0.005),
    Case("preference-ipo", "cases/llama-rslora/adapter", "ipo", 2.0, 0.0, 0.0003),
]


def given(vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(3, vocabulary, (STEPS, 2 * PAIRS, LENGTH))
    prompts = torch.randint(1, 5, (STEPS, PAIRS, 1)).repeat(1, 2, 1)
    lengths = torch.randint(6, LENGTH + 1, (STEPS, 2 * PAIRS, 1))
    lengths[:, 0] = LENGTH
    place = torch.arange(LENGTH)
    ids[:, PAIRS:] = torch.where(place < prompts[:, PAIRS:], ids[:, :PAIRS], ids[:, PAIRS:])
    ids = ids * (place < lengths)
    return ids, torch.where((place < prompts) | (place >= lengths), IGNORED, ids)


def sums(model, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the log probabilities of what counts, and how many tokens that are."""
    logs = model(input_ids=ids).logits[:, :-1].log_softmax(-1)
    counted = labels[:, 1:] != IGNORED
    found = logs.gather(-1, (labels[:, 1:] * counted).unsqueeze(-1)).squeeze(-1)
    return (found * counted).sum(1), counted.sum(1)


def loss(case: Case, model, base, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the loss, and the rewards of all texts."""
    ours, tokens = sums(model, ids, labels)
    with torch.no_grad():
        reference, _ = sums(base, ids, labels)
    ratios = ours - reference
    rewards = case.beta * ratios.detach()
    if case.loss == "ipo":
        chosen, rejected = (ratios / tokens).chunk(2)
        return ((chosen - rejected - 1 / (2 * case.beta)) ** 2).mean(), rewards
    chosen, rejected = (case.beta * ratios).chunk(2)
    right, wrong = F.logsigmoid(chosen - rejected), F.logsigmoid(rejected - chosen)
    return -((1 - case.smoothing) * right + case.smoothing * wrong).mean(), rewards


def opened(case: Case, dtype: torch.dtype):
    """Returns the model with its adapter, and the base."""
    start = RESOURCES / case.folder
    bases = [transformers.LlamaForCausalLM.from_pretrained(start.parent / "base").to(dtype) for _ in range(2)]
    model = PeftModel.from_pretrained(bases[0], start, is_trainable=True).to(dtype)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.train(), bases[1]


def run(case: Case, number: int, dtype: torch.dtype) -> dict:
    torch.manual_seed(40 + number)
    model, base = opened(case, dtype)
    ids, labels = given(model.config.vocab_size)
    with torch.no_grad():
        found = [loss(case, model, base, ids[step], labels[step]) for step in range(STEPS)]
    chosen, rejected = (torch.cat([rewards.chunk(2)[half] for _, rewards in found]) for half in range(2))
    evaluated = [sum(value.item() for value, _ in found) / STEPS, (chosen > rejected).double().mean().item(),
                 (chosen - rejected).mean().item(), chosen.mean().item(), rejected.mean().item()]
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=case.rate)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        value, _ = loss(case, model, base, ids[step], labels[step])
        value.backward()
        optimizer.step()
        losses.append(value.item())
    final = get_peft_model_state_dict(model, save_embedding_layers=False)
    tensors = {"input_ids": ids, "labels": labels, "losses": torch.tensor(losses), "evaluated": torch.tensor(evaluated)}
    tensors |= {f"final.{key}": value.float() for key, value in final.items()}
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def write(out: pathlib.Path, case: Case, number: int) -> None:
    tensors = run(case, number, torch.float64)
    rounded = run(case, number, torch.float32)
    difference = lambda one, other: ((one - other).abs() / (1 + one.abs())).max().item()  # noqa: E731
    rounding = max(difference(tensors[name].double(), rounded[name].double()) for name in tensors)
    print(f"{case.name}: losses {tensors['losses'].tolist()}; float32 and float64 differ by {rounding:.1e}")
    if not rounding <= LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: float32 and float64 do not agree")
    save_file(tensors, out / f"{case.name}.safetensors")


def compare_with_trl(case: Case, number: int) -> None:
    import tempfile

    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer
    torch.manual_seed(40 + number)
    model, base = opened(case, torch.float64)
    ids, labels = given(model.config.vocab_size)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(RESOURCES / "tasks/tokenizer.json"), pad_token="[PAD]", eos_token="[SEP]")
    with tempfile.TemporaryDirectory() as folder:
        settings = DPOConfig(folder, beta=case.beta, loss_type=[case.loss], report_to=[], use_cpu=True, bf16=False, max_length=None,
                             gradient_checkpointing=False)
        plain = PeftModel.from_pretrained(
            transformers.LlamaForCausalLM.from_pretrained((RESOURCES / case.folder).parent / "base"), RESOURCES / case.folder, is_trainable=True)
        DPOTrainer._prepare_dataset = lambda self, dataset, *_, **__: dataset  # which is not used
        trainer = DPOTrainer(plain, args=settings, processing_class=tokenizer,
                             train_dataset=Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}]))
        # TRL's reference of an adapter that it goes on with is that adapter; that of a new one is the base, as here.
        plain.delete_adapter("ref") if "ref" in plain.peft_config else None
        plain.double()
        worst = 0.0
        for step in range(STEPS):
            rows = labels[step] != IGNORED
            mask = (ids[step] != 0).long()
            theirs = trainer.compute_loss(plain, {"input_ids": ids[step], "attention_mask": mask, "completion_mask": rows.long()})
            ours, _ = loss(case, model, base, ids[step], labels[step])
            parameters = [p for p in model.parameters() if p.requires_grad]
            others = [p for p in plain.parameters() if p.requires_grad]
            worst = max(worst, abs(theirs.item() - ours.item()))
            for one, other in zip(torch.autograd.grad(ours, parameters), torch.autograd.grad(theirs, others), strict=True):
                worst = max(worst, (one - other).abs().max().item())
    print(f"{case.name}: losses and gradients of TRL differ by {worst:.1e}")
    if not worst < 1e-6:
        raise SystemExit("TRL computes something else")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--trl", action="store_true")
    args = parser.parse_args()
    for number, case in enumerate(CASES):
        write(args.out, case, number)
        if args.trl and case.smoothing == 0:  # TRL 1.x has the sigmoid loss without smoothing
            compare_with_trl(case, number)


if __name__ == "__main__":
    main()
