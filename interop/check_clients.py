"""Uses `./ligature serve` through OpenAI's own client for JavaScript, which npm brings.

    python interop/check_clients.py DIRECTORY

Lists and retrieves models, completes (one prompt, several, streamed), chats, samples, embeds, and makes mistakes. The answers
must be those of `./ligature generate` and `./ligature embed`. check.sh runs it where there is an npm; it exits with 1 if a
check fails.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

from ligature import ROOT, Ligature
from safetensors.torch import load_file

CLIENT = "openai@7.59.0"
HERE = pathlib.Path(__file__).resolve().parent
DEMO = ROOT / "examples" / "demo" / "base"
MINILM = ROOT / "cli" / "target" / "corpus" / "all-minilm-l6-v2.jar"
PROMPTS = ["public static int max(int a, int b) {", "return new"]
SENTENCES = ["A man is eating food.", "Someone has a meal.", "It rains."]
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


@contextlib.contextmanager
def serving(*args):
    """Starts a server on a free port, and returns its address."""
    command = [str(ROOT / "ligature"), "serve", "--port", "0", *map(str, args)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            first = server.stdout.readline()
            address = re.search(r"http://\S+", first)
            if not address:
                raise SystemExit(f"The server did not start: {first}")
            yield address.group() + "/v1"
        finally:
            server.terminate()


def generated(model: pathlib.Path, *adapter) -> str:
    command = [str(ROOT / "ligature"), "generate", "--model", model, *adapter, "--prompt", PROMPTS[0], "--max-new-tokens", "8"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return done.stdout.removesuffix("\n")


def main() -> None:
    work = pathlib.Path(sys.argv[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    ligature = Ligature(work)
    base = work / "base"
    shutil.copytree(DEMO, base)
    (base / "chat_template.jinja").write_text(TEMPLATE)
    adapters = work / "adapters"
    adapter = adapters / "tuned"
    ligature("train", "--model", base, "--data", HERE / "ligature.py", "--output", adapter, "--steps", "5",
             "--learning-rate", "0.05", "--batch-size", "2", "--sequence-length", "64")
    encoder = work / "minilm"
    ligature("import-onnx", "--file", MINILM, "--output", encoder)
    lines = work / "sentences.txt"
    lines.write_text("\n".join(SENTENCES) + "\n")
    vectors = work / "embeddings.safetensors"
    ligature("embed", "--model", encoder, "--file", lines, "--output", vectors)
    none = work / "none"
    none.mkdir()
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", work, CLIENT], check=True)
    shutil.copy(HERE / "clients" / "openai.mjs", work)
    with serving("--model", base, "--adapters", adapters) as texts, serving("--model", encoder, "--adapters", none) as sentences:
        expected = work / "expected.json"
        expected.write_text(json.dumps({
            "texts": texts, "sentences": sentences, "base": base.name, "adapter": adapter.name, "encoder": encoder.name,
            "prompts": PROMPTS, "plain": generated(base), "adapted": generated(base, "--adapter", adapter),
            "sentences_of": SENTENCES, "embeddings": load_file(vectors)["embeddings"].tolist(),
        }))
        sys.exit(subprocess.run(["node", work / "openai.mjs", expected], check=False).returncode)


if __name__ == "__main__":
    main()
