"""Writes a Llama of about one gigabyte in fp32 and one in bf16, with random weights, a tokenizer and an adapter each.

    python benchmarks/peft/make_large.py DIRECTORY

The layers are those of SmolLM2-360M, fewer of them in fp32 and more in bf16, so that both files have the same size.
"""

import pathlib
import sys

import make_models
import torch
import transformers
from shapes import Llama

SHAPES = {
    "fp32": (torch.float32, Llama(21, 960, 15, 5, 2560, 49152)),
    "bf16": (torch.bfloat16, Llama(46, 960, 15, 5, 2560, 49152)),
}


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    transformers.utils.logging.disable_progress_bar()
    for name, (dtype, shape) in SHAPES.items():
        torch.manual_seed(1)
        torch.set_default_dtype(dtype)
        model = make_models.llama(shape)
        model.save_pretrained(out / name, max_shard_size="10GB")
        make_models.write_tokenizer(shape.vocabulary, out / name)
        torch.set_default_dtype(torch.float32)
        lora = {"r": 8, "lora_alpha": 16, "target_modules": shape.targets["qv"], "task_type": "CAUSAL_LM"}
        make_models.write_adapters(model, lora, f"{name}-adapter", 1, out)


main()
