"""The launcher as Python sees it, and a report of checks."""

import contextlib
import json
import pathlib
import subprocess

import torch
from check_adapter import Disagreement, format_ids

ROOT = pathlib.Path(__file__).resolve().parent.parent
BAD_INPUT = 2


class Ligature:
    """Runs ./ligature, with a numbered path for each thing it writes."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        self.count = 0

    def __call__(self, command: str, *args, refused: bool = False) -> str:
        """Returns what went to standard error; raises Disagreement if the exit code is not the expected one."""
        line = [str(ROOT / "ligature"), command, *map(str, args)]
        run = subprocess.run(line, capture_output=True, text=True, cwd=self.work)
        expected = BAD_INPUT if refused else 0
        if run.returncode != expected:
            raise Disagreement(f"exit code {run.returncode}, not {expected}, of {' '.join(line)}\n{run.stderr}")
        return run.stderr

    def fresh(self, what: str) -> pathlib.Path:
        self.count += 1
        return self.work / f"{self.count:03d}-{what}"

    def logits(self, model: pathlib.Path, ids: torch.Tensor, adapter: pathlib.Path | None = None) -> pathlib.Path:
        output = self.fresh("logits.safetensors")
        choice = ["--adapter", adapter] if adapter else []
        self("logits", "--model", model, *choice, "--input-ids", format_ids(ids), "--output", output)
        return output

    def train(self, model: pathlib.Path, *options, lora: dict | None = None) -> pathlib.Path:
        output = self.fresh("adapter")
        if lora:
            config = self.fresh("lora.json")
            config.write_text(json.dumps({"peft_type": "LORA", "task_type": "CAUSAL_LM", **lora}))
            options = (*options, "--adapter-config", config)
        self("train", "--model", model, "--output", output, *options)
        return output

    def merge(self, model: pathlib.Path, adapter: pathlib.Path, *options) -> pathlib.Path:
        output = self.fresh("merged")
        self("merge", "--model", model, "--adapter", adapter, "--output", output, *options)
        return output

    def refuse(self, command: str, *args) -> str:
        """Returns the one line that says why; nothing may be left of the output."""
        output = self.fresh("refused")
        message = self(command, *args, "--output", output, refused=True).strip()
        left = list(output.parent.glob(output.name + "*"))
        if left or "\n\tat " in message:
            raise Disagreement(f"a refused {command} left {left} and said {message}")
        return message.splitlines()[-1]


class Report:
    """Counts checks; one that fails is printed and does not stop the next."""

    def __init__(self):
        self.failures = self.checks = 0

    @contextlib.contextmanager
    def check(self, label: str):
        """Gives the body a list for what it finds."""
        self.checks += 1
        found: list[str] = []
        try:
            yield found
            print(f"ok    {label}: {'; '.join(found)}", flush=True)
        except Disagreement as e:
            self.failures += 1
            print(f"FAIL  {label}: {e}", flush=True)

    def finish(self) -> int:
        """Returns the exit code."""
        print(f"{self.checks - self.failures} of {self.checks} checks passed")
        return 1 if self.failures else 0
