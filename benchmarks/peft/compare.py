"""Measures Ligature and PEFT in turn, in one run, and prints a table of the ratios.

Both compute the same with the same weights, in fp32, in evaluation mode where they do not train, with two threads. Each
round runs every case of a group once; figures are medians over rounds, ratios medians of the ratios of each round.
"""

import argparse
import dataclasses
import pathlib
import sys
import tempfile
import time

import groups
import make_models
import measure
import operators
import shapes


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/compare", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="small shapes: shows that all works, measures nothing")
    parser.add_argument("--only", help="groups to measure, separated by commas")
    parser.add_argument("--rounds", type=int, help="rounds of each group")
    parser.add_argument("--cpu", action="store_true", help="one thread, and its CPU time: for a machine that is busy")
    parser.add_argument("--models", type=pathlib.Path, help="keeps the models in this directory, and uses them again")
    parser.add_argument("--operators", action="store_true", help="prints where the time of the Llama cases goes instead")
    return parser.parse_args()


def run(bench: groups.Bench, names: list, work: pathlib.Path, cpu: bool) -> None:
    print(groups.HEADER, flush=True)
    for name in names:
        begin = time.monotonic()
        # Programs of its own: what was allocated and freed before a group would slow it down or speed it up.
        programs = measure.start_programs(1 if cpu else 2, cpu)
        try:
            for row in rows(bench.groups()[name](), name, programs, work):
                print(row, flush=True)
        finally:
            for program in programs.values():
                program.stop()
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def rows(steps, name: str, programs: dict, work: pathlib.Path) -> list:
    """Measures what a group yields, until it yields its rows."""
    step = next(steps)
    while isinstance(step, measure.Group):
        results = step.measure(programs, work)
        for case, values in results.values.items():
            print(f"  {name}: {case} {[f'{value:.4g}' for value in values]}", file=sys.stderr)
        step = steps.send(results)
    return step


def main() -> None:
    arguments = parse()
    chosen = shapes.SMOKE if arguments.smoke else shapes.FULL
    if arguments.rounds:
        chosen = dataclasses.replace(chosen, rounds=arguments.rounds)
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.models or pathlib.Path(temporary)).resolve()
        bench = groups.Bench(chosen, work)
        if not (work / "llama").exists():
            make_models.write(chosen, work)
        if arguments.operators:
            operators.run(bench, work)
            return
        run(bench, arguments.only.split(",") if arguments.only else list(bench.groups()), work, arguments.cpu)


main()
