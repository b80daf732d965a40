"""Measures how many tokens a second ./ligature serve and a peer make for clients that ask one after the other.

Both serve the same base and adapters, in fp32, with as many threads and the same settings of malloc. Each round asks every side
the same prompts, and begins with another side; figures are medians over rounds, ratios medians of the ratios of each round.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import closed_loop
import make_models
import shapes
from closed_loop import Load, Seen
from measure import ALLOCATOR

HERE = pathlib.Path(__file__).resolve().parent
LAUNCHER = HERE.parent.parent / "ligature"
NODE_LLAMA_CPP = "3.22.1"
GGUF = "0.19.0"
TIES = 0.01  # of the answers may differ: where two tokens are equally likely within the last bits
HEADER = (
    "| clients | adapters | side | tokens per second | ours over it | half of the answers within | 95 of 100 within "
    "| CPU per token | ours over it |\n|---:|---:|---|---:|---:|---:|---:|---:|---:|"
)


class Side:
    """A server in a process of its own."""

    def __init__(self, name: str, command: list, threads: int, directory: pathlib.Path = HERE, adapters: float = math.inf):
        self.name = name
        self.adapters = adapters  # that it can serve
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), **ALLOCATOR},
        )
        line = self.process.stdout.readline()
        if "http://" not in line:
            self.stop()
            raise RuntimeError(f"{name} does not serve: {line or 'it ended'}")
        self.port = int(line.strip().rsplit(":", 1)[1])

    def cpu(self) -> float:
        """Returns the seconds of a processor that its process has had, where the system tells."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


@dataclasses.dataclass
class Measured:
    """The rounds of one side under one load."""

    speeds: list = dataclasses.field(default_factory=list)
    latencies: list = dataclasses.field(default_factory=list)
    cpu: list = dataclasses.field(default_factory=list)  # seconds per token

    def add(self, seen: Seen, cpu: float) -> None:
        self.speeds.append(seen.speed())
        self.latencies += seen.latencies
        self.cpu.append(cpu / seen.tokens)


def llama_cpp(base: pathlib.Path, adapter: pathlib.Path, shape: shapes.Serving, threads: int) -> Side:
    """Starts llama.cpp with one adapter, through the binding that npm has with libraries for Linux on x86-64."""
    directory = base.parent.parent / "llama-cpp"
    packages = [f"node-llama-cpp@{NODE_LLAMA_CPP}", f"@node-llama-cpp/linux-x64@{NODE_LLAMA_CPP}"]
    if not (directory / "node_modules").exists():
        directory.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"]
        subprocess.run([*npm, "--prefix", directory, *packages], check=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", directory / "python"]
        subprocess.run([*pip, f"gguf=={GGUF}"], check=True)
    files = base.parent / "gguf"
    if not (files / "adapter.gguf").exists():
        line = [sys.executable, HERE / "make_gguf.py", "--model", base, "--adapter", adapter, "--out", files]
        subprocess.run(line, check=True, env={**os.environ, "PYTHONPATH": str(directory / "python")})
    longest = shape.prompt[1] + shape.tokens + 8
    program = ["node", HERE / "llama_cpp_server.mjs", files, base / "tokenizer.json", max(shape.clients), longest, threads]
    return Side("llama.cpp", program, threads, directory, adapters=1)


class Bench:
    """One run over one base."""

    def __init__(self, shape: shapes.Serving, work: pathlib.Path, threads: int, with_llama_cpp: bool):
        self.shape = shape
        self.base = work / "base"
        self.names = [f"adapter-{i:02}" for i in range(max(shape.adapters))]
        if not (work / "complete").exists():
            make_models.write_served(shape.llama, shape.lora(), len(self.names), work)
            (work / "complete").touch()
        more = ["--model", self.base, "--adapters", work / "adapters", "--max-batch", max(shape.clients)]
        # Prompts are new ones, so there is nothing to keep.
        ours = [LAUNCHER, "serve", *more, "--port", 0, "--adapter-memory", 4096, "--no-prefix-cache"]
        self.sides = [Side("Ligature", ours, threads)]
        try:
            peer = [sys.executable, HERE / "throughput_server.py", *more]
            self.sides.append(Side("Transformers + PEFT", peer, threads))
            if with_llama_cpp:
                adapter = work / "adapters" / self.names[0]
                self.sides.append(llama_cpp(self.base, adapter, shape, threads))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for side in self.sides:
            side.stop()

    def loads(self) -> list:
        together, least = self.shape.requests
        return [
            Load(clients, adapters, max(least, together // clients), self.shape.prompt, self.shape.tokens)
            for clients in self.shape.clients
            for adapters in self.shape.adapters
        ]

    def ask(self, side: Side, load: Load, turn: int) -> tuple:
        prompts = load.prompts(self.shape.llama.vocabulary, turn)
        before = side.cpu()
        seen = closed_loop.run(side.port, self.names, load, prompts)
        return seen, side.cpu() - before

    def check(self) -> None:
        """Has all sides answer the same requests, one by one and many at once: the greedy tokens must be the same."""
        for side in self.sides[1:]:
            adapters = min(side.adapters, len(self.names))
            for clients in (1, max(self.shape.clients)):
                requests = -(-self.shape.checked * adapters // clients)
                load = Load(clients, adapters, requests, self.shape.prompt, self.shape.tokens)
                ours, theirs = (
                    [text for client in self.ask(each, load, -1)[0].texts for text in client]
                    for each in (self.sides[0], side)
                )
                wrong = sum(a != b for a, b in zip(ours, theirs))
                said = f"{len(ours) - wrong} of {len(ours)} answers to {clients} clients, {len(set(ours))} different ones"
                print(f"{side.name}: {said}, are the same as Ligature's", file=sys.stderr, flush=True)
                if wrong > TIES * len(ours):
                    raise RuntimeError(f"Ligature and {side.name} do not compute the same")

    def measure(self, load: Load) -> dict:
        sides = [side for side in self.sides if load.adapters <= side.adapters]
        measured = {side: Measured() for side in sides}
        for turn in range(-self.shape.warm_up, self.shape.rounds):
            # Each round begins with another side, so that none is always after the same one.
            first = turn % len(sides)
            for side in sides[first:] + sides[:first]:
                seen, cpu = self.ask(side, load, turn)
                if turn >= 0:
                    measured[side].add(seen, cpu)
        return measured


def ratio(ours: list, theirs: list) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def rows(load: Load, measured: dict) -> list:
    lines = []
    ours = next(iter(measured.values()))
    for side, each in measured.items():
        cells = [
            load.clients,
            load.adapters,
            side.name,
            f"{statistics.median(each.speeds):,.{0 if min(each.speeds) >= 100 else 1}f}",
            "" if each is ours else ratio(ours.speeds, each.speeds),
            f"{statistics.median(each.latencies) * 1000:.0f} ms",
            f"{statistics.quantiles(each.latencies, n=20, method='inclusive')[-1] * 1000:.0f} ms",
            f"{statistics.median(each.cpu) * 1000:.3g} ms",
            "" if each is ours else ratio(ours.cpu, each.cpu),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/throughput", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a small shape: shows that all works, measures nothing")
    parser.add_argument("--base", choices=list(shapes.SERVED), default="llama", help="the shape of the base (llama)")
    parser.add_argument("--rounds", type=int, help="rounds of each load")
    parser.add_argument("--threads", type=int, default=2, help="threads of each side (2); 1 where CPU time must tell")
    parser.add_argument("--models", type=pathlib.Path, help="keeps the models in this directory, and uses them again")
    parser.add_argument("--llama-cpp", action="store_true", help="llama.cpp too; needs npm, on Linux x86-64")
    arguments = parser.parse_args()
    shape = shapes.SERVED_SMOKE if arguments.smoke else shapes.SERVED[arguments.base]
    if arguments.rounds:
        shape = dataclasses.replace(shape, rounds=arguments.rounds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the servers would go on
    with tempfile.TemporaryDirectory() as temporary:
        name = "smoke" if arguments.smoke else arguments.base
        work = ((arguments.models or pathlib.Path(temporary)) / f"served-{name}").resolve()
        bench = Bench(shape, work, arguments.threads, arguments.llama_cpp)
        try:
            bench.check()
            print(HEADER, flush=True)
            for load in bench.loads():
                begin = time.monotonic()
                measured = bench.measure(load)
                print("\n".join(rows(load, measured)), flush=True)
                for side, each in measured.items():
                    speeds = json.dumps([round(speed, 1) for speed in each.speeds])
                    cpu = json.dumps([round(1000 * seconds, 2) for seconds in each.cpu])
                    label = f"{load.clients} clients, {load.adapters} adapters: {side.name}"
                    print(f"  {label}: {speeds} tokens/s, {cpu} ms CPU", file=sys.stderr)
                print(f"  {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
        finally:
            bench.stop()


main()
