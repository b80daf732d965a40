"""Writes the cases of models/src/test/resources/readers: adapters of PEFT on some readers of one shared weight.

    python interop/make_reader_cases.py OUT

Each case is a folder with adapter/ (as PEFT saves it), case.json (the base, of models/src/test/resources), and

  expected.safetensors  input_ids (B,S), decoder_input_ids (B,T) where the model has a decoder of its own; base; peft, what
                        the adapted model computed in PEFT before it was saved; filled, where one reader alone has factors:
                        what Transformers computes with W + dW put into the shared weight by hand

The tests compare with the numbers written here, so nothing in this file may come from Ligature.
"""

import argparse
import copy
import pathlib
import warnings
from dataclasses import dataclass

import torch
import transformers
from make_cases import Folder, randomise_adapter
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import BertForMaskedLM, GPT2LMHeadModel, T5ForConditionalGeneration

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "models/src/test/resources"
FIRST_ORDINARY_ID = 5


@dataclass(frozen=True)
class Base:
    model: type
    folder: str
    decoder: bool = False


T5 = Base(T5ForConditionalGeneration, "t5/relu/base", decoder=True)
BERT = Base(BertForMaskedLM, "encoders/bert-mlm-tied/base")
GPT2 = Base(GPT2LMHeadModel, "families/gpt2/base")


@dataclass(frozen=True)
class Case:
    name: str
    base: Base
    targets: list
    tying: bool
    has: list  # the readers of which PEFT's file has factors


CASES = [
    Case("t5-shared", T5, ["shared"], True, ["shared"]),
    Case("t5-head", T5, ["lm_head"], True,
         ["decoder.embed_tokens", "encoder.embed_tokens", "lm_head", "shared"]),
    Case("t5-shared-off", T5, ["shared"], False, ["shared"]),
    Case("t5-head-off", T5, ["lm_head"], False, ["lm_head"]),
    Case("t5-shared-head-off", T5, ["shared", "lm_head"], False, ["lm_head", "shared"]),
    Case("t5-encoder-off", T5, ["encoder.embed_tokens"], False, ["encoder.embed_tokens"]),
    Case("bert-embedding", BERT, ["word_embeddings"], True, ["bert.embeddings.word_embeddings"]),
    Case("bert-decoder", BERT, ["decoder"], True, ["cls.predictions.decoder"]),
    Case("bert-both", BERT, ["word_embeddings", "decoder"], True,
         ["bert.embeddings.word_embeddings", "cls.predictions.decoder"]),
    Case("bert-decoder-off", BERT, ["decoder"], False, ["cls.predictions.decoder"]),
    Case("gpt2-embedding", GPT2, ["wte"], True, ["transformer.wte"]),
    Case("gpt2-head", GPT2, ["lm_head"], True, ["lm_head", "transformer.wte"]),
    Case("gpt2-embedding-off", GPT2, ["wte"], False, ["transformer.wte"]),
]


@torch.no_grad()
def filled(base, adapter: dict, scaling: float):
    """The base with dW added to the weight that all readers share."""
    changed = copy.deepcopy(base)
    changed.tie_weights()
    (module,) = {key.removeprefix("base_model.model.").split(".lora_")[0] for key in adapter}
    key = f"base_model.model.{module}.lora_"
    if f"{key}embedding_A" in adapter:
        delta = (adapter[f"{key}embedding_B"] @ adapter[f"{key}embedding_A"]).t()
    else:
        delta = adapter[f"{key}B.weight"] @ adapter[f"{key}A.weight"]
    changed.get_input_embeddings().weight.add_(scaling * delta)
    assert changed.get_output_embeddings().weight is changed.get_input_embeddings().weight
    return changed


@torch.no_grad()
def write(out: pathlib.Path, case: Case, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    base = case.base.model.from_pretrained(RESOURCES / case.base.folder).eval()
    given = {"input_ids": torch.randint(FIRST_ORDINARY_ID, base.config.vocab_size, (2, 7))}
    if case.base.decoder:
        given["decoder_input_ids"] = torch.randint(FIRST_ORDINARY_ID, base.config.vocab_size, (2, 5))
    lora = LoraConfig(r=2, lora_alpha=4, target_modules=case.targets, ensure_weight_tying=case.tying)
    model = get_peft_model(copy.deepcopy(base), lora).eval()
    randomise_adapter(model, 0.3)
    folder.save_adapter(model, "adapter", save_embedding_layers=False)
    config = folder.path / "adapter" / "adapter_config.json"
    config.write_text(config.read_text().replace(f'"{RESOURCES / case.base.folder}"', "null"))
    saved = load_file(folder.path / "adapter" / "adapter_model.safetensors")
    readers = sorted({key.removeprefix("base_model.model.").split(".lora_")[0] for key in saved})
    if readers != case.has:
        raise SystemExit(f"{case.name}: PEFT saved factors of {readers}")
    found = {"base": base(**given).logits, "peft": model(**given).logits}
    if case.tying and len(readers) == 1:
        found["filled"] = filled(base, saved, 2.0)(**given).logits
    folder.save_tensors("expected.safetensors", given | found)
    folder.describe("factors of some readers of one weight", seed, base=case.base.folder, has=readers)
    moved = {name: f"{(value - found['base']).abs().max():.3f}" for name, value in found.items()}
    print(f"wrote {case.name}: {readers}, moved by {moved}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT's own warnings about ties are what the cases are about
        for seed, case in enumerate(CASES):
            write(args.out, case, seed)


if __name__ == "__main__":
    main()
