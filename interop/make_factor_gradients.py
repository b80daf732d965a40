"""Writes models/src/test/resources/gradients: gradients of all factors of an adapter on encoders and T5, by Transformers and PEFT.

    python interop/make_factor_gradients.py OUT

The bases are those of models/src/test/resources/encoders and t5; texts are longer than ModernBERT's windows, and padded. Each
case is a folder with adapter/ (all linear layers, PEFT's file), case.json, and

  expected.safetensors  the model's inputs; labels, -100 where none counts, or for models without a head target (B,T,d) and
                        weight (B,T,1): the loss is the mean cross entropy of the labels, or the sum of weight * (y - target)^2;
                        loss; gradient.<key>, that of each tensor of the adapter's file, of its shape

Nothing in this file may come from Ligature. Gradients are computed in float32 and in float64, and a case is refused where they differ by
more than LARGEST_ROUNDING, as |a - b| / (1 + |b|).
"""

import argparse
import json
import pathlib

import torch
import transformers
from make_cases import Folder
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "models/src/test/resources"
LARGEST_ROUNDING = 5e-6  # a tenth of what the tests allow
FIRST_ORDINARY_ID = 5
CASES = [
    ("bert-model", "encoders/bert-model/base", [13, 5, 9], None),
    ("bert-mlm", "encoders/bert-mlm/base", [13, 5, 9], None),
    ("bert-sequence", "encoders/bert-sequence/base", [13, 5, 9], "SEQ_CLS"),
    ("bert-token", "encoders/bert-token/base", [13, 5, 9], "TOKEN_CLS"),
    ("modernbert-model", "encoders/modernbert-model-linear/base", [17, 4, 11], None),
    ("modernbert-mlm", "encoders/modernbert-mlm/base", [17, 4, 11], None),
    ("modernbert-sequence", "encoders/modernbert-sequence/base", [17, 4, 11], "SEQ_CLS"),
    ("modernbert-sequence-mean", "encoders/modernbert-sequence-mean/base", [17, 4, 11], "SEQ_CLS"),
    ("modernbert-token", "encoders/modernbert-token/base", [17, 4, 11], "TOKEN_CLS"),
    ("t5-relu", "t5/relu/base", [19, 6, 12], None),
    ("t5-gated", "t5/gated/base", [19, 6, 12], None),
]
DECODED = 8
LINEAR = ["query", "key", "value", "dense", "Wqkv", "Wi", "Wo"]


def load(folder: pathlib.Path, dtype: torch.dtype):
    (architecture,) = json.loads((folder / "config.json").read_text())["architectures"]
    return getattr(transformers, architecture).from_pretrained(folder, dtype=dtype).eval()


def inputs(base, lengths: list) -> dict:
    config = base.config
    ids = torch.randint(FIRST_ORDINARY_ID, config.vocab_size, (len(lengths), max(lengths)))
    mask = (torch.arange(ids.shape[1]) < torch.tensor(lengths).unsqueeze(1)).long()
    given = {"input_ids": ids * mask, "attention_mask": mask}
    if config.model_type == "bert":
        given["token_type_ids"] = (torch.arange(ids.shape[1]) >= 3).long() * mask
    if config.model_type == "t5":
        given["decoder_input_ids"] = torch.randint(FIRST_ORDINARY_ID, config.vocab_size, (len(lengths), DECODED))
    return given


def labels(y: torch.Tensor, mask: torch.Tensor, headless: bool) -> dict:
    if headless:
        weight = mask.unsqueeze(-1) / (mask.sum() * y.shape[-1])
        return {"target": torch.randn(y.shape), "weight": weight.float()}
    found = torch.randint(0, y.shape[-1], y.shape[:-1])
    if found.shape == mask.shape:  # a label for each token, of which some do not count
        found = torch.where((mask == 1) & (torch.rand(mask.shape) < 0.7), found, -100)
    return {"labels": found}


def loss_of(y: torch.Tensor, wanted: dict) -> torch.Tensor:
    if "labels" in wanted:
        return cross_entropy(y.reshape(-1, y.shape[-1]), wanted["labels"].reshape(-1), ignore_index=-100)
    return (wanted["weight"].to(y.dtype) * (y - wanted["target"].to(y.dtype)).square()).sum()


def gradients(base: pathlib.Path, adapter: pathlib.Path, given: dict, wanted: dict, dtype: torch.dtype):
    """The loss, and the gradients by the keys of the adapter's file."""
    model = PeftModel.from_pretrained(load(base, dtype), adapter, is_trainable=True, autocast_adapter_dtype=False)
    model = model.to(dtype).eval()  # no dropout
    loss = loss_of(model(**given)[0], wanted)
    loss.backward()
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = name.replace(".default", "").replace(".modules_to_save.", ".").replace(".modules_to_save", "")
            found[key] = parameter.grad
    return loss.detach(), found


def apart(computed: torch.Tensor, exact: torch.Tensor) -> float:
    return ((computed.double() - exact).abs() / (1 + exact.abs())).max().item()


def write(out: pathlib.Path, name: str, base: str, lengths: list, task: str, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, name)
    model = load(RESOURCES / base, torch.float32)
    given = inputs(model, lengths)
    with torch.no_grad():
        y = model(**given)[0]
    wanted = labels(y, given["attention_mask"], type(model).__name__.endswith("BertModel"))
    # No hidden state depends on a pooler, which would get no gradient.
    unused = ["pooler.dense"] if name == "bert-model" else None
    targets = LINEAR if task == "TOKEN_CLS" else "all-linear"  # which PEFT refuses for classifiers of tokens
    lora = LoraConfig(r=2, lora_alpha=4, target_modules=targets, exclude_modules=unused, task_type=task)
    adapted = get_peft_model(model, lora)
    with torch.no_grad():
        for key, parameter in adapted.named_parameters():
            if "lora_" in key:
                parameter.normal_(0, 0.2)
    folder.save_adapter(adapted, "adapter", save_embedding_layers=False)
    config = folder.path / "adapter" / "adapter_config.json"
    fields = json.loads(config.read_text())
    fields["base_model_name_or_path"] = None
    fields["target_modules"] = sorted(fields["target_modules"])
    config.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")
    loss, found = gradients(RESOURCES / base, folder.path / "adapter", given, wanted, torch.float32)
    exact_loss, exact = gradients(RESOURCES / base, folder.path / "adapter", given, wanted, torch.float64)
    keys = set(load_file(folder.path / "adapter" / "adapter_model.safetensors"))
    assert set(found) == keys, f"{name}: {sorted(set(found) ^ keys)}"
    rounding = max(apart(loss, exact_loss), *(apart(found[key], exact[key]) for key in found))
    if rounding > LARGEST_ROUNDING:
        raise SystemExit(f"{name}: float32 and float64 differ by {rounding:.1e}")
    smallest = min(g.abs().max().item() for g in exact.values())
    assert smallest > 1e-4, f"{name}: a gradient is {smallest:.1e} at most, which shows nothing"
    tensors = given | wanted | {"loss": exact_loss.float()} | {f"gradient.{key}": g.float() for key, g in exact.items()}
    folder.save_tensors("expected.safetensors", tensors)
    folder.describe("gradients of all factors", seed, base=base, rounding=rounding)
    print(f"wrote {name}: {len(exact)} tensors, loss {loss:.4f}, smallest gradient {smallest:.1e}, rounding {rounding:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    for seed, (name, base, lengths, task) in enumerate(CASES):
        write(args.out, name, base, lengths, task, seed)


if __name__ == "__main__":
    main()
