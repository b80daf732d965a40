"""Checks `ligature train` on models that are not causal: classifiers and encoder-decoders. See check.py.

For each model:
  - ours:     `ligature train` makes an adapter, with the classifier that PEFT adds by itself; PEFT must agree on it
  - PEFT's:   PEFT trains one; `ligature logits` must agree; `ligature train --init-adapter` goes on, and PEFT must agree
  - the steps: both train the same adapter on the same batches: losses within 1e-4 and tensors within 1e-5 at each end
"""

import csv
import json
import pathlib
import warnings
from dataclasses import dataclass, field

import torch
import transformers
from check_adapter import Disagreement, compare, load_model
from ligature import Ligature, Report
from make_cases import randomise_adapter, randomise_base
from make_task_numbers import batches, train
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

LARGEST_LOSS, LARGEST_TENSOR = 1e-4, 1e-5
ENCODER = {
    "vocab_size": 83, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 32, "num_labels": 5,
}
BERT = {**ENCODER, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
MODERNBERT = {
    **ENCODER, "local_attention": 4, **dict.fromkeys([f"{name}_token_id" for name in ("pad", "bos", "eos", "cls", "sep")], 0),
}
T5 = {
    "vocab_size": 83, "d_model": 24, "d_kv": 6, "d_ff": 40, "num_layers": 2, "num_heads": 4, "dropout_rate": 0.0,
    "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1,
}


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    model: type
    config: transformers.PretrainedConfig
    lora: dict = field(default_factory=dict)

    @property
    def settings(self) -> dict:
        # PEFT 0.21 cannot make or open one of SEQ_2_SEQ_LM with Transformers 5.18.
        types = {"texts": "SEQ_CLS", "words": "TOKEN_CLS", "seq2seq": None}
        return {"r": 4, "lora_alpha": 8, "task_type": types[self.kind], **self.lora}


CASES = [
    Case("BERT, classifier of texts", "texts", transformers.BertForSequenceClassification,
         transformers.BertConfig(**BERT), {"target_modules": ["query", "value"]}),
    Case("BERT, classifier of tokens", "words", transformers.BertForTokenClassification,
         transformers.BertConfig(**BERT), {"target_modules": ["query", "key", "value", "dense"]}),
    Case("ModernBERT, classifier of texts", "texts", transformers.ModernBertForSequenceClassification,
         transformers.ModernBertConfig(**MODERNBERT), {"target_modules": ["Wqkv", "Wi"]}),
    Case("T5", "seq2seq", transformers.T5ForConditionalGeneration,
         transformers.T5Config(**T5), {"target_modules": ["q", "v", "wo"]}),
]


def new_adapter(case: Case, model: pathlib.Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_peft_model(load_model(model), LoraConfig(**case.settings))


def check_steps(ligature: Ligature, case: Case, model: pathlib.Path, given: dict, file: pathlib.Path, sgd: bool) -> str:
    start = ligature.fresh("start")
    adapted = new_adapter(case, model)
    randomise_adapter(adapted, 0.2)
    adapted.save_pretrained(start)
    name, optimizer, rate = ("sgd", torch.optim.SGD, 0.05) if sgd else ("adamw", torch.optim.AdamW, 1e-3)
    options = {} if sgd else {"weight_decay": 0.0}
    output = ligature.train(model, "--token-ids", file, "--init-adapter", start, "--optimizer", name, "--learning-rate", rate)
    reference = PeftModel.from_pretrained(load_model(model), start, is_trainable=True)
    expected = train(reference, given, lambda parameters, lr: optimizer(parameters, lr=lr, **options), rate)
    rows = list(csv.DictReader((output / "metrics.csv").open()))
    losses = max(abs(float(row["loss"]) - loss) for row, loss in zip(rows, expected, strict=True))
    ours = load_file(output / "adapter_model.safetensors")
    theirs = get_peft_model_state_dict(reference, save_embedding_layers=False)
    if ours.keys() != theirs.keys():
        raise Disagreement(f"the tensors {sorted(ours.keys() ^ theirs.keys())} are on one side only")
    tensors = max((ours[key] - theirs[key]).abs().max().item() for key in ours)
    found = f"losses differ by {losses:.1e}, tensors by {tensors:.1e}"
    if not (losses <= LARGEST_LOSS and tensors <= LARGEST_TENSOR):
        raise Disagreement(found)
    return found


def check_saved(case: Case, adapter: pathlib.Path) -> str:
    """Says what a new adapter saves whole: the head of a classifier, which PEFT adds by itself."""
    ours = json.loads((adapter / "adapter_config.json").read_text())["modules_to_save"]
    expected = ["classifier"] if case.kind in ("texts", "words") else None
    if ours != expected:
        raise Disagreement(f"modules_to_save is {ours}, not {expected}")
    return f"modules_to_save {ours}"


def check(ligature: Ligature, report: Report, work: pathlib.Path, only: str) -> None:
    for number, case in enumerate(case for case in CASES if only in case.name):
        torch.manual_seed(300 + number)
        model = work / f"task-{number}"
        base = case.model(case.config)
        randomise_base(base)
        base.save_pretrained(model)
        given = batches(case.kind, case.config)
        file = ligature.fresh("batches.safetensors")
        save_file({name: tensor.contiguous() for name, tensor in given.items()}, file)
        ids = torch.randint(3, case.config.vocab_size, (3, 11))
        data = ["--token-ids", file, "--learning-rate", "3e-2"]
        with report.check(f"{case.name}: trained here, read by PEFT") as found:
            adapter = ligature.train(model, *data, lora=case.settings)
            found.append(compare(ligature.logits(model, ids, adapter), ids, model, adapter))
            found.append(check_saved(case, adapter))
        theirs = ligature.fresh("peft-adapter")
        adapted = new_adapter(case, model)
        train(adapted, given, torch.optim.AdamW, 3e-2)
        adapted.save_pretrained(theirs)
        with report.check(f"{case.name}: trained by PEFT, read here") as found:
            found.append(compare(ligature.logits(model, ids, theirs), ids, model, theirs))
        with report.check(f"{case.name}: trained by PEFT, then here, read by PEFT") as found:
            output = ligature.train(model, *data, "--init-adapter", theirs)
            found.append(compare(ligature.logits(model, ids, output), ids, model, output))
        for sgd in (True, False):
            with report.check(f"{case.name}: the steps of {'SGD' if sgd else 'AdamW'} here and by PEFT") as found:
                found.append(check_steps(ligature, case, model, given, file, sgd))
