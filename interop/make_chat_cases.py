"""Renders the snippets of chat/snippets.txt with the Jinja2 of Transformers, as the tests' oracle.

    python interop/make_chat_cases.py > models/src/test/resources/chat/jinja.json

One snippet a line, with ␤ for the end of a line. All have the same variables.
"""

import copy
import json
import pathlib
import sys

import jinja2
import transformers
from transformers.utils import chat_template_utils

TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather of a place.", "parameters": {
    "type": "object", "properties": {"place": {"type": "string", "description": "Größe ≥ 1 <b> 'q'"}, "n": {"type": "integer", "default": 3}},
    "required": ["place"]}}}]
MESSAGES = [
    {"role": "user", "content": "  What is the weather in Zürich? 🌦\n"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {
        "name": "weather", "arguments": {"place": "Zürich", "deep": {"a": [1, 2.5, True, None]}}}}]},
    {"role": "tool", "name": "weather", "content": "{\"degrees\": 3}", "tool_call_id": "abcdefghi"}]
VARIABLES = {"messages": MESSAGES, "tools": TOOLS, "add_generation_prompt": True, "d": {"b": 1, "a": {"x": [1, 2, 3]}}, "l": [3, 1, 2],
             "s": "  Hello World  ", "n": None, "f": 1.5, "t": True, "i": 7, "neg": -3, "e": [], "em": {}}


def rendered(template: str, variables: dict):
    """Returns the text, or None and the error."""
    try:
        return chat_template_utils._compile_jinja_template(template).render(**copy.deepcopy(variables)), None
    except Exception as error:  # whatever Jinja2 or Python say of a wrong template
        return None, f"{type(error).__name__}: {error}"


def main() -> None:
    lines = (pathlib.Path(__file__).parent / "chat" / "snippets.txt").read_text(encoding="utf-8").splitlines()
    cases = []
    for line in filter(str.strip, lines):
        template = line.replace("␤", "\n")
        text, error = rendered(template, VARIABLES)
        cases.append({"template": template, "text": text, "error": error})
    made = {"jinja2": jinja2.__version__, "transformers": transformers.__version__, "variables": VARIABLES, "cases": cases}
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
