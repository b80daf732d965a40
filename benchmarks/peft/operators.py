"""Where the time of a case goes: the native operators of one run on each side, by their own time."""

import collections
import json
import pathlib
import statistics

import groups
import measure

REPEAT = 5
WARM_UP = 5
SHOWN = 12


def run(bench: groups.Bench, work: pathlib.Path) -> None:
    """Prints a table for each Llama case; of two programs that run by themselves, one after the other."""
    programs = measure.start_programs(2, cpu=False)
    try:
        # The case of tokens computes one more than it times.
        for group in (bench.llama_forward_group(REPEAT), bench.train_group(REPEAT), bench.generate_group(REPEAT - 1)):
            by_side = {}
            for case, words in group.cases.items():
                side, modules = case.split(".")
                program = programs[side]
                program.ask("open", case, *words)
                for _ in range(WARM_UP):
                    program.ask("run", case)
                trace = work / "trace.json"
                program.ask("profile", case, trace)
                program.ask("close", case)
                by_side.setdefault(modules, {})[side] = own_times(json.loads(trace.read_text()))
            for modules, sides in by_side.items():
                print_table(f"{group.name}, {modules}", sides["ours"], sides["peft"])
    finally:
        for program in programs.values():
            program.stop()


def own_times(trace) -> dict:
    """Returns milliseconds and calls of one repetition by operator, less those of operators it calls.

    The milliseconds are the median repetition's: the profilers stop for long when what they keep outgrows its place.
    """
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    events = [e for e in events if e.get("ph") == "X" and e.get("cat", "cpu_op") == "cpu_op"]
    events.sort(key=lambda event: (event["tid"], event["ts"], -event["dur"]))
    own, by_name, callers, thread = [], collections.defaultdict(list), [], None
    for at, event in enumerate(events):
        if event["tid"] != thread:
            callers, thread = [], event["tid"]
        while callers and events[callers[-1]]["ts"] + events[callers[-1]]["dur"] <= event["ts"]:
            callers.pop()
        own.append(event["dur"])
        by_name[event["name"]].append(at)
        if callers:
            own[callers[-1]] -= event["dur"]
        callers.append(at)
    return {name: (median_repetition([own[at] for at in calls]), len(calls) / REPEAT) for name, calls in by_name.items()}


def median_repetition(micros: list) -> float:
    """Returns the milliseconds of one repetition of REPEAT, each of which has as many calls as the others."""
    bounds = [len(micros) * part // REPEAT for part in range(REPEAT + 1)]
    return statistics.median(sum(micros[a:b]) for a, b in zip(bounds, bounds[1:])) / 1000


def print_table(title: str, ours: dict, peft: dict) -> None:
    names = sorted({*ours, *peft}, key=lambda name: -max(side.get(name, (0, 0))[0] for side in (ours, peft)))
    print(f"\n| {title} | ours, ms | calls | PEFT, ms | calls |\n|---|---:|---:|---:|---:|")
    for name in names[:SHOWN]:
        print_row(f"`{name.removeprefix('aten::')}`", ours.get(name, (0, 0)), peft.get(name, (0, 0)))
    print_row("all others", *(total(side[name] for name in names[SHOWN:] if name in side) for side in (ours, peft)))
    print_row("all", *(total(side.values()) for side in (ours, peft)))


def total(rows) -> tuple:
    rows = list(rows)
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def print_row(name: str, ours: tuple, peft: tuple) -> None:
    print(f"| {name} | {ours[0]:.1f} | {ours[1]:.0f} | {peft[0]:.1f} | {peft[1]:.0f} |", flush=True)
