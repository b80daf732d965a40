"""Writes models/src/test/resources/tasks/tokenizer.json: a WordPiece of letters for the small bases, with BERT's special tokens.

    python interop/make_task_tokenizer.py models/src/test/resources/tasks
"""

import pathlib
import string
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def main() -> None:
    pieces = SPECIAL + list(string.ascii_lowercase) + ["##" + letter for letter in string.ascii_lowercase]
    ids = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    tokenizer.save(str(pathlib.Path(sys.argv[1]) / "tokenizer.json"))


if __name__ == "__main__":
    main()
