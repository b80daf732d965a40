"""Two programs that measure, and what they are told."""

import os
import pathlib
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

import numpy

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 1e-4
# What ../../ligature sets for malloc; docs/setup.md says why.
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "67108864",
}


class Program:
    """A child process that answers each line with one line."""

    def __init__(self, command: list, threads: int, **environment: str):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), **environment},
        )

    def ask(self, *words) -> str:
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            raise RuntimeError(f"{' '.join(map(str, words))}: {answer or 'the program ended'}")
        return answer

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def start_programs(threads: int, cpu: bool) -> dict:
    """Starts ours, PEFT's, and PEFT's once more with our settings of malloc.

    With cpu they take not the time but what their thread had of a processor.
    """
    # A heap of one size, all of it touched: what the process grows by is then not the heap.
    options = "-Xms2g -Xmx2g -XX:+AlwaysPreTouch" + (" -Dbenchmark.cpu=true" if cpu else "")
    peft = [sys.executable, str(HERE / "peft_program.py"), *(["--cpu"] if cpu else [])]
    return {
        "ours": Program([str(HERE.parent / "run"), "serving"], threads, LIGATURE_JVM_OPTIONS=options, **ALLOCATOR),
        "peft": Program(peft, threads, HF_HUB_OFFLINE="1"),
        "tuned": Program(peft, threads, HF_HUB_OFFLINE="1", **ALLOCATOR),
    }


@dataclass
class Group:
    """Cases that are measured in turn: ids begin with the program, "ours.", "peft." or "tuned."."""

    name: str
    rounds: int
    cases: dict = field(default_factory=dict)
    same: list = field(default_factory=list)  # pairs of ids that must give the same numbers
    warm_up: int = 3

    def add(self, case: str, kind: str, **settings) -> str:
        self.cases[case] = [kind, *(f"{key}={value}" for key, value in settings.items())]
        return case

    def measure(self, programs: dict, work: pathlib.Path) -> "Results":
        def program(case: str) -> Program:
            return programs[case.split(".")[0]]

        for case, words in self.cases.items():
            program(case).ask("open", case, *words)
        for pair in self.same:
            check_same(*((case, numbers(program(case), case, work)) for case in pair))
        order = list(self.cases)
        for _ in range(self.warm_up):
            for case in order:
                program(case).ask("run", case)
        results = Results({case: [] for case in order})
        for turn in range(self.rounds):
            # Each round begins with another case, so that none is always next to the same one.
            first = turn % len(order)
            for case in order[first:] + order[:first]:
                results.values[case].append(int(program(case).ask("run", case)))
        for started in programs.values():
            started.ask("drop")
        return results


def numbers(program: Program, case: str, work: pathlib.Path) -> numpy.ndarray:
    file = work / "numbers"
    program.ask("numbers", case, file)
    return numpy.fromfile(file, dtype="<f4").astype(float)


def check_same(ours: tuple, peft: tuple) -> None:
    if ours[1].shape != peft[1].shape:
        raise RuntimeError(f"{ours[0]} gives {ours[1].shape} numbers, {peft[0]} {peft[1].shape}")
    gap = (abs(ours[1] - peft[1]) / (1 + abs(peft[1]))).max()
    if not gap <= TOLERANCE:
        raise RuntimeError(f"{ours[0]} and {peft[0]} differ by {gap:.1e}: they do not compute the same")


@dataclass
class Results:
    """What each case gave in each round."""

    values: dict

    def median(self, case: str) -> float:
        return statistics.median(self.values[case])

    def ratios(self, case: str, other: str) -> list:
        """Of each round: a machine that slows down for a while slows both down."""
        return [a / b for a, b in zip(self.values[case], self.values[other])]

    def ratio(self, case: str, other: str) -> float:
        return statistics.median(self.ratios(case, other))
