"""Compares two directories of reference cases: the same files, the same settings, the same numbers.

    python interop/compare_cases.py NEW models/src/test/resources/cases

Numbers may differ by 1e-5 (1 + |b|): another processor sums in another order. The order of PEFT's target_modules
is not compared: PEFT keeps a set.
"""

import argparse
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file

TOLERANCE = 1e-5
VERSIONS = {"peft", "torch", "transformers"}


def tensor_problems(new: pathlib.Path, old: pathlib.Path) -> list[str]:
    a, b = load_file(new), load_file(old)
    if a.keys() != b.keys():
        return [f"names differ: {sorted(a.keys() ^ b.keys())}"]
    problems = []
    for name in a:
        x, y = a[name], b[name]
        if x.dtype != y.dtype or x.shape != y.shape:
            problems.append(f"{name}: {x.dtype} {tuple(x.shape)}, not {y.dtype} {tuple(y.shape)}")
        elif (gap := ((x.double() - y.double()).abs() / (1 + y.double().abs())).max()) > TOLERANCE:
            problems.append(f"{name}: differs by {gap:.2e}")
    return problems


def json_problems(new: pathlib.Path, old: pathlib.Path) -> list[str]:
    a, b = json.loads(new.read_text()), json.loads(old.read_text())
    return [f"{key}: {a.get(key)}, not {b.get(key)}" for key in sorted(a.keys() | b.keys()) if not same(key, a, b)]


def same(key: str, a: dict, b: dict) -> bool:
    if key in VERSIONS:
        return True
    if key not in a or key not in b:
        return False
    x, y = a[key], b[key]
    if key == "target_modules" and isinstance(x, list) and isinstance(y, list):
        return sorted(x) == sorted(y)
    if key in ("losses", "grad_norms", "largest_difference"):
        x, y = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
        return x.shape == y.shape and bool(((x - y).abs() <= TOLERANCE * (1 + y.abs())).all())
    return x == y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("old", type=pathlib.Path)
    args = parser.parse_args()

    files = {root: {p.relative_to(root) for p in root.rglob("*") if p.suffix in (".json", ".safetensors")}
             for root in (args.new, args.old)}
    problems = [f"{file}: only in one of the two" for file in sorted(files[args.new] ^ files[args.old])]
    common = sorted(files[args.new] & files[args.old])
    for file in common:
        check = tensor_problems if file.suffix == ".safetensors" else json_problems
        problems += [f"{file}: {problem}" for problem in check(args.new / file, args.old / file)]
    print("\n".join(problems) if problems else f"{len(common)} files agree")
    sys.exit(1 if problems or not common else 0)


if __name__ == "__main__":
    main()
