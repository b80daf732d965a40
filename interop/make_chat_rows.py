"""Writes models/src/test/resources/chat/rows.json: conversations as tokens, and which of them are the assistant's, by Transformers.

    python interop/make_chat_rows.py models/src/test/resources

The tokenizers are those of the folder text. A template with generation blocks gives the mask of apply_chat_template's
return_assistant_tokens_mask. No answer begins with a character that a tokenizer drops: then Transformers lets nothing count.
"""

import argparse
import json
import pathlib

from transformers import PreTrainedTokenizerFast

TEMPLATE = (
    "{%- for m in messages -%}<|{{ m.role }}|> {{ 'says ' }}"
    "{%- if m.role == 'assistant' -%}{%- generation -%}{{ m.content }} end{%- endgeneration -%}"
    "{%- else -%}{{ m.content }}{%- endif -%}{{ '\\n' }}{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|> says {%- endif -%}"
)
CONVERSATIONS = [
    [("user", "What is the weather in Zürich? 🌦"), ("assistant", "Rainy 🌧 and 3 °C.")],
    [("system", "Be brief."), ("user", "one"), ("assistant", "two"), ("user", "three 🌦🌦"), ("assistant", "vier, fünf")],
    [("user", "def f(x):\n    return x"), ("assistant", "A\ttab, a_name and  two blanks")],
    [("user", "nothing")],
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("resources", type=pathlib.Path)
    resources = parser.parse_args().resources
    cases = []
    for folder in sorted((resources / "text").iterdir()):
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        for conversation in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in conversation]
            found = tokenizer.apply_chat_template(
                messages, chat_template=TEMPLATE, return_dict=True, return_assistant_tokens_mask=True)
            cases.append({"tokenizer": folder.name, "messages": messages, "ids": found["input_ids"], "mask": found["assistant_masks"]})
    text = json.dumps({"template": TEMPLATE, "cases": cases}, ensure_ascii=False)
    (resources / "chat" / "rows.json").write_text(text.replace('{"tokenizer"', '\n{"tokenizer"') + "\n")


if __name__ == "__main__":
    main()
