"""Transformers' and PEFT's side of benchmarks/scale: loads a base and an adapter, and generates or trains."""

import argparse
import json
import pathlib
import sys
import time

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers.generation.streamers import BaseStreamer


class Printer(BaseStreamer):
    """Prints each new token at once."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.prompt = True

    def put(self, value) -> None:
        if not self.prompt:
            sys.stdout.write(self.tokenizer.decode(value.reshape(-1).tolist()))
            sys.stdout.flush()
        self.prompt = False

    def end(self) -> None:
        sys.stdout.write("\n")


def generate(model, arguments) -> None:
    tokenizer = Tokenizer.from_file(str(arguments.base / "tokenizer.json"))
    ids = torch.tensor([tokenizer.encode(arguments.prompt).ids])
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=arguments.new_tokens,
            streamer=Printer(tokenizer),
        )


def train(model, arguments) -> None:
    model.train()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=arguments.learning_rate, weight_decay=0)
    for ids in load_file(arguments.token_ids)["batches"]:
        begin = time.monotonic()
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(json.dumps({"loss": loss.item(), "seconds": time.monotonic() - begin}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--adapter", type=pathlib.Path, required=True)
    parser.add_argument("--dtype", required=True)
    commands = parser.add_subparsers(dest="command", required=True)
    generation = commands.add_parser("generate")
    generation.add_argument("--prompt", required=True)
    generation.add_argument("--new-tokens", type=int, required=True)
    training = commands.add_parser("train")
    training.add_argument("--token-ids", type=pathlib.Path, required=True)
    training.add_argument("--learning-rate", type=float, required=True)
    arguments = parser.parse_args()
    base = transformers.AutoModelForCausalLM.from_pretrained(arguments.base, dtype=getattr(torch, arguments.dtype))
    training = arguments.command == "train"
    model = PeftModel.from_pretrained(base, arguments.adapter, is_trainable=training)
    train(model, arguments) if training else generate(model.eval(), arguments)


main()
