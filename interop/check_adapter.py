"""Checks logits that Ligature wrote against real PEFT, or against plain Transformers.

    ./ligature logits --model BASE --adapter ADAPTER --input-ids "1,2,3;4,5,6" --output logits.safetensors
    python interop/check_adapter.py --model BASE --adapter ADAPTER --input-ids "1,2,3;4,5,6" --logits logits.safetensors

Without --adapter the model alone is the reference: a base, or what `./ligature merge` wrote. Two numbers agree when
|a - b| <= 1e-4 (1 + |b|). Exits with 1 if they do not, or if PEFT misses a tensor or does not know one.

The base is always loaded as float32. PEFT ties an adapter by letting two parameters share storage, and on a
half-precision base it casts them apart: there its own numbers are not those of one tied pair.
"""

import argparse
import json
import pathlib
import sys
import warnings

import torch
import transformers
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file

TOLERANCE = 1e-4


class Disagreement(Exception):
    """Ours and the reference differ; the message says in what."""


def parse_ids(text: str) -> torch.Tensor:
    return torch.tensor([[int(i) for i in row.split(",")] for row in text.split(";")])


def format_ids(ids: torch.Tensor) -> str:
    return ";".join(",".join(map(str, row)) for row in ids.tolist())


def load_model(directory: pathlib.Path):
    transformers.utils.logging.disable_progress_bar()
    architecture = json.loads((directory / "config.json").read_text())["architectures"][0]
    model, report = getattr(transformers, architecture).from_pretrained(
        directory, dtype=torch.float32, output_loading_info=True, local_files_only=True
    )
    problems = [key for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in report[kind]]
    if problems:
        raise Disagreement(f"Transformers misses, does not know or cannot use {problems} of {directory}")
    return model.eval()


def load_adapter(base, directory: pathlib.Path):
    """What PeftModel.from_pretrained does, but with nothing missing and nothing unknown let pass."""
    with warnings.catch_warnings():
        # Says that embedding and head share a weight, which is the point of half of the adapters checked here.
        warnings.simplefilter("ignore")
        model = PeftModel.from_pretrained(base, directory)
    result = set_peft_model_state_dict(model, load_file(directory / "adapter_model.safetensors"))
    missing = [name for name in result.missing_keys if "lora_" in name or "modules_to_save" in name]
    if missing or result.unexpected_keys:
        raise Disagreement(f"PEFT misses {missing} and does not know {result.unexpected_keys} of {directory}")
    return model.eval()


def gap(ours: torch.Tensor, reference: torch.Tensor) -> float:
    """The largest |a - b| / (1 + |b|)."""
    return ((ours.double() - reference.double()).abs() / (1 + reference.double().abs())).max().item()


@torch.no_grad()
def compare(
    logits: pathlib.Path,
    ids: torch.Tensor,
    model: pathlib.Path,
    adapter: pathlib.Path | None = None,
    tolerance: float = TOLERANCE,
) -> str:
    """Says how far the logits are from the reference; raises Disagreement if it is too far."""
    reference = load_model(model)
    # `ligature logits` gives an encoder-decoder's decoder the same ids.
    given = {"input_ids": ids} | ({"decoder_input_ids": ids} if reference.config.is_encoder_decoder else {})
    base_logits = expected = reference(**given).logits
    if adapter:
        expected = load_adapter(reference, adapter)(**given).logits
    actual = load_file(logits)["logits"]
    if actual.dtype != torch.float32 or actual.shape != expected.shape:
        raise Disagreement(f"{actual.dtype} {tuple(actual.shape)}, not float32 {tuple(expected.shape)}")
    difference = gap(actual, expected)
    found = f"differs by {difference:.1e}"
    # Written this way round, NaN fails.
    if not difference <= tolerance:
        raise Disagreement(f"{found}, allowed is {tolerance:.0e}")
    if adapter:
        effect = gap(expected, base_logits)
        found += f" (the adapter moves them by {effect:.1e})"
        if not effect >= 100 * tolerance:
            raise Disagreement(f"{found}: an adapter that does so little shows nothing")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--adapter", type=pathlib.Path)
    parser.add_argument("--input-ids", type=parse_ids, required=True, help='rows by ";", ids by ","')
    parser.add_argument("--logits", type=pathlib.Path, required=True, help="safetensors file with a tensor `logits`")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    args = parser.parse_args()
    try:
        print("ok:", compare(args.logits, args.input_ids, args.model, args.adapter, args.tolerance))
    except Disagreement as e:
        sys.exit(f"FAIL: {e}")


if __name__ == "__main__":
    main()
