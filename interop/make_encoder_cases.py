"""Writes the reference cases of models/src/test/resources/encoders with Transformers, PEFT and torch.

    python interop/make_encoder_cases.py OUT [--seed N]

Nothing in this file may come from Ligature, as the tests compare with the numbers written here. Each case is a folder
with base/ (a checkpoint), adapter/ (PEFT's), case.json, and expected.safetensors: input_ids, attention_mask and
token_type_ids (B,T), the last one where the model has any; base and adapter, the first output: logits, or hidden states
where there is no head, which are 0 at padding; untyped, adapter without token_type_ids. In the cases of a tied decoder, adapter is what the base gives with W + dW put in for all readers by hand:
PEFT 0.21 does not tie these models.
"""

import argparse
import json
import pathlib
import shutil
import warnings
from dataclasses import dataclass, field

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, ModernBertConfig

SHAPE = {
    "vocab_size": 61,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 32,
}
FIRST_ORDINARY_ID = 5
LENGTHS = [11, 4, 8]
# A tenth of what a reader of the cases may differ by, so that it is not judged by PEFT's own rounding.
LARGEST_ROUNDING = 1e-5


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    seed: int
    model: str
    lora: dict
    settings: dict = field(default_factory=dict)
    config: type = BertConfig
    lengths: list = field(default_factory=lambda: LENGTHS)
    tied: tuple[str, str] | None = None  # the embedding and the decoder that reads its weight


ATTENTION = ["query", "value"]
BERT_TIE = ("bert.embeddings.word_embeddings", "cls.predictions.decoder")
MODERN_ATTENTION = ["Wqkv"]
MODERN_LINEAR = ["Wqkv", "Wi", "Wo"]
MODERN_TIE = ("model.embeddings.tok_embeddings", "decoder")
MODERN = {  # texts of more tokens than a window has, 5; layers 0 and 3 see all
    "config": ModernBertConfig,
    "lengths": [19, 4, 12],
}
MODERN_SHAPE = {
    "vocab_size": 41,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 4,
    "local_attention": 4,
    "rope_parameters": {
        "full_attention": {"rope_type": "default", "rope_theta": 1000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 20.0},
    },
    **dict.fromkeys(["pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"], 0),
}
BIASES = dict.fromkeys(["norm_bias", "attention_bias", "mlp_bias", "classifier_bias"], True)
CASES = [
    Case(
        "bert-model", "an embedding model with a pooler; q and v", 0, "BertModel",
        {"r": 4, "lora_alpha": 8, "target_modules": ATTENTION, "task_type": "FEATURE_EXTRACTION"},
    ),
    Case(
        "bert-model-linear", "an embedding model without a pooler; all linear layers, tanh GELU", 1, "BertModel",
        {"r": 3, "lora_alpha": 6, "target_modules": "all-linear", "task_type": "FEATURE_EXTRACTION"},
        settings={"hidden_act": "gelu_new", "add_pooling_layer": False},
    ),
    Case(
        "bert-mlm", "masked tokens; all linear layers but the tied decoder", 2, "BertForMaskedLM",
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
    ),
    Case(
        "bert-mlm-tied", "masked tokens; the embedding adapted, and the decoder with it", 3, "BertForMaskedLM",
        {"r": 4, "lora_alpha": 8, "target_modules": ["word_embeddings", *ATTENTION], "ensure_weight_tying": True},
        tied=BERT_TIE,
    ),
    Case(
        "bert-sequence", "texts; q and v, the classifier saved", 4, "BertForSequenceClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": ATTENTION, "task_type": "SEQ_CLS"},
        settings={"num_labels": 5},
    ),
    Case(
        "bert-sequence-linear", "texts; all linear layers, the classifier saved", 5, "BertForSequenceClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "SEQ_CLS"},
        settings={"hidden_act": "relu"},
    ),
    Case(
        "bert-token", "tokens; all linear layers, the classifier saved", 6, "BertForTokenClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": [*ATTENTION, "key", "dense"], "task_type": "TOKEN_CLS"},
        settings={"num_labels": 3},
    ),
    Case(
        "modernbert-model", "an embedding model; Wqkv", 7, "ModernBertModel",
        {"r": 4, "lora_alpha": 8, "target_modules": MODERN_ATTENTION, "task_type": "FEATURE_EXTRACTION"},
        settings=MODERN_SHAPE, **MODERN,
    ),
    Case(
        "modernbert-model-linear", "an embedding model with all biases; Wqkv, Wi and Wo, listed layers", 8,
        "ModernBertModel",
        {"r": 3, "lora_alpha": 6, "target_modules": MODERN_LINEAR, "task_type": "FEATURE_EXTRACTION"},
        settings={
            **MODERN_SHAPE, **BIASES, "hidden_activation": "gelu_pytorch_tanh",
            "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
        },
        **MODERN,
    ),
    Case(
        "modernbert-mlm", "masked tokens; all linear layers but the tied decoder, which has no bias", 9,
        "ModernBertForMaskedLM",
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
        settings={**MODERN_SHAPE, "decoder_bias": False}, **MODERN,
    ),
    Case(
        "modernbert-mlm-tied", "masked tokens; the embedding adapted, and the decoder with it", 10,
        "ModernBertForMaskedLM",
        {"r": 4, "lora_alpha": 8, "target_modules": ["tok_embeddings", "Wqkv"], "ensure_weight_tying": True},
        settings=MODERN_SHAPE, tied=MODERN_TIE, **MODERN,
    ),
    Case(
        "modernbert-sequence", "texts by their first token; Wqkv, the classifier saved", 11,
        "ModernBertForSequenceClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": MODERN_ATTENTION, "task_type": "SEQ_CLS"},
        settings={**MODERN_SHAPE, "num_labels": 5}, **MODERN,
    ),
    Case(
        "modernbert-sequence-mean", "texts by the mean of their tokens; all linear layers, the classifier saved", 12,
        "ModernBertForSequenceClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "SEQ_CLS"},
        settings={**MODERN_SHAPE, "classifier_pooling": "mean", "classifier_bias": True,
                  "classifier_activation": "silu"},
        **MODERN,
    ),
    Case(
        "modernbert-token", "tokens; Wi and Wo, the classifier saved", 13, "ModernBertForTokenClassification",
        {"r": 4, "lora_alpha": 8, "target_modules": ["Wi", "Wo"], "task_type": "TOKEN_CLS"},
        settings={**MODERN_SHAPE, "num_labels": 3, "norm_bias": True}, **MODERN,
    ),
]


@torch.no_grad()
def randomise(model) -> None:
    """Norms and biases too: a weight left at 0 or 1 would hide that it is not applied."""
    for p in model.parameters():
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.1)
        else:
            p.normal_(0, 0.25)
    model.tie_weights()


@torch.no_grad()
def randomise_adapter(model) -> None:
    for name, p in model.named_parameters():
        if "lora_" in name:
            p.normal_(0, 0.2)
        elif p.requires_grad:
            p.add_(torch.randn_like(p) * 0.2)


@torch.no_grad()
def output(model, inputs: dict) -> torch.Tensor:
    y = model(**inputs)[0]
    if y.dim() == 3:
        y = y * inputs["attention_mask"].unsqueeze(-1)
    return y


def inputs(case: Case, vocabulary: int, types: bool) -> dict:
    ids = torch.randint(FIRST_ORDINARY_ID, vocabulary, (len(case.lengths), max(case.lengths)))
    mask = (torch.arange(ids.shape[1]) < torch.tensor(case.lengths).unsqueeze(1)).long()
    given = {"input_ids": ids * mask, "attention_mask": mask}
    if types:
        given["token_type_ids"] = (torch.arange(ids.shape[1]) >= 3).long() * mask
    return given


def create(case: Case):
    settings = {**SHAPE, **case.settings}
    more = {"add_pooling_layer": settings.pop("add_pooling_layer")} if "add_pooling_layer" in settings else {}
    return getattr(transformers, case.model)(case.config(**settings), **more)


@torch.no_grad()
def tied_by_hand(case: Case, base_directory: pathlib.Path, adapter: pathlib.Path) -> torch.nn.Module:
    """Adds dW to each weight of a fresh base, and gives the adapter's file the factors of the decoder too."""
    embedding, decoder = case.tied
    tensors = load_file(adapter / "adapter_model.safetensors")
    base = getattr(transformers, case.model).from_pretrained(base_directory).eval()
    scaling = case.lora["lora_alpha"] / case.lora["r"]
    prefix = "base_model.model."
    for key in [k for k in tensors if k.endswith(".lora_A.weight")]:
        name = key.removeprefix(prefix).removesuffix(".lora_A.weight")
        delta = tensors[key.replace("lora_A", "lora_B")] @ tensors[key]
        base.get_submodule(name).weight.add_(scaling * delta)
    a = tensors[f"{prefix}{embedding}.lora_embedding_A"]  # (r,V)
    b = tensors[f"{prefix}{embedding}.lora_embedding_B"]  # (d,r)
    base.get_submodule(embedding).weight.add_(scaling * (b @ a).t())
    if base.get_submodule(embedding).weight is not base.get_submodule(decoder).weight:
        raise SystemExit(f"{case.name}: the base is not tied")
    tensors[f"{prefix}{decoder}.lora_A.weight"] = b.t().contiguous()
    tensors[f"{prefix}{decoder}.lora_B.weight"] = a.t().contiguous()
    save_file(tensors, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    return base


def write(out: pathlib.Path, case: Case, seed: int) -> None:
    torch.manual_seed(seed + case.seed)
    folder = out / case.name
    shutil.rmtree(folder, ignore_errors=True)
    base = create(case)
    randomise(base)
    base.eval()
    base.save_pretrained(folder / "base")
    given = inputs(case, base.config.vocab_size, hasattr(base.config, "type_vocab_size"))
    expected = {**given, "base": output(base, given)}
    model = get_peft_model(base, LoraConfig(**case.lora)).eval()
    randomise_adapter(model)
    model.save_pretrained(folder / "adapter", save_embedding_layers=False)
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    config = folder / "adapter" / "adapter_config.json"
    fields = json.loads(config.read_text())
    fields["base_model_name_or_path"] = None
    fields["target_modules"] = sorted(fields["target_modules"])  # PEFT writes a set in any order
    config.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")
    adapted = model if case.tied is None else tied_by_hand(case, folder / "base", folder / "adapter")
    expected["adapter"] = output(adapted, given)
    expected["untyped"] = output(adapted, {k: v for k, v in given.items() if k != "token_type_ids"})
    save_file({name: t.contiguous() for name, t in expected.items()}, folder / "expected.safetensors")
    versions = {m.__name__: m.__version__ for m in (peft, transformers, torch)}
    about = {"name": case.name, "about": case.about, "seed": seed + case.seed, "lengths": case.lengths, **versions}
    (folder / "case.json").write_text(json.dumps(about, indent=2) + "\n")
    effect = (expected["adapter"] - expected["base"]).abs().max()
    exact = output(adapted.double(), given)
    error = ((expected["adapter"] - exact).abs() / (1 + exact.abs())).max().item()
    if error > LARGEST_ROUNDING:
        raise SystemExit(f"{case.name}: PEFT itself rounds by {error:.1e} here, too much to compare with")
    print(f"wrote {case.name}: the adapter moves a value by up to {effect:.3f}, PEFT rounds by {error:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1000, help="1000 wrote the committed cases")
    args = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT's own warnings about ties are what the cases are about
        for case in CASES:
            write(args.out, case, args.seed)


if __name__ == "__main__":
    main()
