"""Runs ./ligature and Transformers with PEFT in turn on a model of 0.6 billion parameters, and prints a table.

The base is a random Qwen3 of the shape of Qwen3-0.6B, in bf16, in one file. Each run is a process of its own: it loads the
base and the adapter, adds 32 tokens to a prompt or takes 5 training steps on a row of 256 tokens, and ends. The adapter is
one of the queries, the values and the tied embedding; both sides start with the same factors and see the same tokens. The
peak is that of the process's resident memory, as the kernel counts it.
"""

import argparse
import csv
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import make_models
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
LAUNCHER = HERE.parent.parent / "ligature"
VOCABULARY = 151_936
STEPS, LENGTH, NEW_TOKENS = 5, 256, 32
PROMPT = "A prompt of some bytes, each of which is a token here."
LEARNING_RATE = 1e-3


def write_base(directory: pathlib.Path, layers: int) -> None:
    config = transformers.Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=1024,
        num_hidden_layers=layers,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        intermediate_size=3072,
        max_position_embeddings=40_960,
        rope_theta=1_000_000,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(0)
    model = transformers.Qwen3ForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(directory, max_shard_size="10GB")
    make_models.write_tokenizer(VOCABULARY, directory)


def write_adapter(base: pathlib.Path, directory: pathlib.Path) -> None:
    """Writes factors that are not zero, in fp32, so that both sides go on from the same ones."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    torch.manual_seed(1)
    adapted = get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=8,
            lora_alpha=8,
            target_modules=["q_proj", "v_proj", "embed_tokens"],
            ensure_weight_tying=True,
            init_lora_weights="gaussian",
        ),
    )
    adapted.save_pretrained(directory, save_embedding_layers=False)


@dataclasses.dataclass
class Run:
    """What is seen of a process from outside: when it wrote, how long it ran, its CPU time, and its peak memory in GiB."""

    written: list
    text: str
    seconds: float
    cpu: float
    peak: float


def run(line: list) -> Run:
    begin = time.monotonic()
    written, text = [], b""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, stderr=errors)
        while part := os.read(process.stdout.fileno(), 1 << 16):
            written.append(time.monotonic() - begin)
            text += part
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        if status:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, line))} failed:\n{errors.read().decode(errors='replace')}")
    return Run(written, text.decode(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1 << 20))


@dataclasses.dataclass
class Side:
    """One program, and the numbers of its runs by the name of the row."""

    name: str
    rows: dict = dataclasses.field(default_factory=dict)
    answers: set = dataclasses.field(default_factory=set)
    losses: list = dataclasses.field(default_factory=list)

    def note(self, row: str, value: float) -> None:
        self.rows.setdefault(row, []).append(value)
        print(f"  {self.name}: {row}: {value:.4g}", file=sys.stderr, flush=True)

    def note_generation(self, seen: Run) -> None:
        words = seen.text.split()
        self.answers.add(tuple(words))
        self.note("generate: seconds to the first token", seen.written[0])
        self.note("generate: seconds per further token", (seen.written[-1] - seen.written[0]) / (NEW_TOKENS - 1))
        self.note("generate: CPU seconds in all", seen.cpu)
        self.note("generate: peak memory, GiB", seen.peak)

    def note_training(self, seen: Run, losses: list, seconds: list) -> None:
        self.losses = losses
        self.note("train: seconds before the first step", seen.seconds - sum(seconds))
        self.note("train: seconds of the first step", seconds[0])
        self.note("train: seconds per further step", statistics.median(seconds[1:]))
        self.note("train: CPU seconds in all", seen.cpu)
        self.note("train: peak memory, GiB", seen.peak)


def ligature(side: Side, work: pathlib.Path, tokens: int, more: list) -> None:
    base, adapter = work / "base", work / "adapter"
    generate = ["generate", "--model", base, "--adapter", adapter, "--prompt", PROMPT, "--max-new-tokens", NEW_TOKENS]
    side.note_generation(run([LAUNCHER, *generate]))
    with tempfile.TemporaryDirectory(dir=work) as temporary:
        output = pathlib.Path(temporary) / "trained"
        data = ["--token-ids", work / "tokens.safetensors", "--learning-rate", LEARNING_RATE]
        seen = run([LAUNCHER, "train", "--model", base, "--init-adapter", adapter, *data, *more, "--output", output])
        with open(output / "metrics.csv") as file:
            steps = list(csv.DictReader(file))
    losses = [float(step["loss"]) for step in steps]
    side.note_training(seen, losses, [tokens / float(step["tokens_per_second"]) for step in steps])


def peft(side: Side, work: pathlib.Path, dtype: str) -> None:
    program = [sys.executable, HERE / "scale_program.py", "--base", work / "base", "--adapter", work / "adapter"]
    program += ["--dtype", dtype]
    side.note_generation(run([*program, "generate", "--prompt", PROMPT, "--new-tokens", NEW_TOKENS]))
    data = ["--token-ids", work / "tokens.safetensors", "--learning-rate", LEARNING_RATE]
    seen = run([*program, "train", *data])
    steps = [json.loads(line) for line in seen.text.splitlines()]
    side.note_training(seen, [step["loss"] for step in steps], [step["seconds"] for step in steps])


def cell(values: list) -> str:
    return ", ".join(f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/scale", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2, help="runs of each program, in turn (2)")
    parser.add_argument("--models", type=pathlib.Path, help="keeps the model in this directory, and uses it again")
    parser.add_argument("--dtypes", default="float32,bfloat16", help="what Transformers computes in; '' leaves it out")
    parser.add_argument("--layers", type=int, default=28, help="layers of a model that is made (28)")
    parser.add_argument("--rows", type=int, default=1, help="rows of a batch (1)")
    parser.add_argument("--length", type=int, default=LENGTH, help=f"tokens of a row ({LENGTH})")
    parser.add_argument("--gradient-checkpointing", action="store_true", help="./ligature computes layers twice")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.models or pathlib.Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        if not (work / "tokens.safetensors").exists():
            write_base(work / "base", arguments.layers)
            write_adapter(work / "base", work / "adapter")
            shape = (STEPS, arguments.rows, arguments.length)
            ids = torch.randint(VOCABULARY, shape, generator=torch.Generator().manual_seed(2))
            save_file({"batches": ids}, work / "tokens.safetensors")
        run([LAUNCHER, "--version"])  # which builds it, where it is not built
        ours = Side("Ligature, float32")
        more = ["--gradient-checkpointing"] if arguments.gradient_checkpointing else []
        theirs = {dtype: Side(f"Transformers + PEFT, {dtype}") for dtype in arguments.dtypes.split(",") if dtype}
        for _ in range(arguments.runs):
            ligature(ours, work, arguments.rows * (arguments.length - 1), more)
            for dtype, side in theirs.items():
                peft(side, work, dtype)
        report([ours, *theirs.values()])


def report(sides: list) -> None:
    print("| " + " | ".join(["", *(side.name for side in sides)]) + " |")
    print("|---" + "|---:" * len(sides) + "|")
    for row in sides[0].rows:
        print("| " + " | ".join([row, *(cell(side.rows[row]) for side in sides)]) + " |")
    print("| losses | " + " | ".join(", ".join(f"{loss:.4f}" for loss in side.losses) for side in sides) + " |")
    if len(sides) == 1:
        return
    same = sides[0].answers == sides[1].answers and len(sides[0].answers) == 1
    print(f"\nThe {NEW_TOKENS} tokens of the first two sides are {'the same' if same else 'NOT the same'}.")


main()
