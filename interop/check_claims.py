"""Tries every claim of docs/peft-differences.md about PEFT on the installed PEFT, and prints what it did.

    python interop/check_claims.py [--only TEXT]

A claim on the page is a comment `<!-- claim: name, name -->`, or the row `| D9 |` of the table of defects. Exits with 1 if
a claim is not true of the installed PEFT, if a list item or table row that says something of PEFT has no claim, if a claim has no
check in interop/claims, or if a check has no claim on the page. A paragraph that says nothing that can be tried has `<!-- no claim -->`.
"""

import argparse
import pathlib
import platform
import re
import sys
import warnings

import claims  # noqa: F401, fills CLAIMS
import peft
import torch
import transformers
from claims.registry import CLAIMS, Untrue, first_line

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "peft-differences.md"
MARK = re.compile(r"<!-- claim: ([\w, -]+) -->")
DEFECT = re.compile(r"\| (D\d+\w?) \|")


def blocks(text: str) -> list[str]:
    """List items, table rows and paragraphs."""
    return [b.strip() for b in re.split(r"\n\s*\n|\n(?=- |\|)", text) if b.strip()]


def names(block: str) -> list[str]:
    found = [name.strip() for marks in MARK.findall(block) for name in marks.split(",")]
    defect = DEFECT.match(block)
    return found + ([defect.group(1)] if defect else [])


def problems_of(text: str) -> list[str]:
    """What is wrong with the page itself."""
    claimed = {name for block in blocks(text) for name in names(block)}
    bare = [
        block
        for block in blocks(text)
        if "PEFT" in block and not names(block) and "<!-- no claim -->" not in block and not block.startswith("#")
    ]
    return (
        [f"says something of PEFT and has no claim: {block[:80]!r}" for block in bare]
        + [f"the claim {name} has no check in interop/claims" for name in sorted(claimed - set(CLAIMS))]
        + [f"the check {name} has no claim on the page" for name in sorted(set(CLAIMS) - claimed)]
    )


def tried(name: str) -> tuple[bool, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return True, CLAIMS[name]()
    except Untrue as e:
        return False, first_line(e)
    except Exception as e:  # PEFT failed where the page says that it does something
        return False, f"{type(e).__name__}: {first_line(e)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="the claims whose name has this text")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, transformers, peft))
    print(f"Python {platform.python_version()}, {versions}; {len(CLAIMS)} claims of {PAGE.name}")
    wrong = problems_of(PAGE.read_text(encoding="utf-8"))
    print("| claim | what PEFT did | still true? |\n|---|---|---|")
    for name in (name for name in CLAIMS if args.only in name):
        true, what = tried(name)
        print(f"| {name} | {what.replace('|', '/')} | {'yes' if true else 'NO'} |", flush=True)
        if not true:
            wrong.append(f"{name} is not true: {CLAIMS[name].__doc__}")
    for problem in wrong:
        print(f"FAIL  {problem}")
    print(f"{len(wrong)} problems" if wrong else "every claim is true of this PEFT")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
