"""Makes the demo base's tokenizer.json: a byte-level BPE learnt from the training part of the Java corpus.

    python interop/train_tokenizer.py cli/target/corpus examples/demo/base

Writes tokenizer.json and tokenizer_config.json. Same jars, same versions (requirements.txt): same bytes.
"""

import argparse
import json
import pathlib

import corpus
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

# The reserved rows are there for adapters that train rows of the embedding of their own
# (trainable_token_indices) without making the vocabulary larger.
SPECIAL = [corpus.END_OF_TEXT, "<|pad|>", *(f"<|reserved_{i}|>" for i in range(6))]


def train(texts, vocabulary: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    # No normalizer: decode(encode(x)) must be x, for any text.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def check(tokenizer: Tokenizer, documents: list[corpus.Document]) -> None:
    """Fails if a text does not survive the round trip; prints how long a token is."""
    characters = tokens = 0
    for document in documents:
        ids = tokenizer.encode(document.text, add_special_tokens=False).ids
        if tokenizer.decode(ids, skip_special_tokens=False) != document.text:
            raise SystemExit(f"{document.path}: decode(encode(text)) is not the text")
        characters += len(document.text)
        tokens += len(ids)
    print(f"{len(documents)} documents, {characters} characters, {tokens} tokens, {characters / tokens:.2f} a token")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jars", type=pathlib.Path, help="directory of the sources jars")
    parser.add_argument("output", type=pathlib.Path, help="directory to write tokenizer.json to")
    parser.add_argument("--vocabulary", type=int, default=4096)
    args = parser.parse_args()

    java = list(corpus.read(args.jars, corpus.BASE))
    tokenizer = train((d.text for d in java if not d.held_out), args.vocabulary)
    if tokenizer.get_vocab_size() != args.vocabulary:
        raise SystemExit(f"the corpus gives only {tokenizer.get_vocab_size()} tokens")
    args.output.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.output / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": corpus.END_OF_TEXT,
        "eos_token": corpus.END_OF_TEXT,
        "pad_token": "<|pad|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
    }
    (args.output / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    kotlin = list(corpus.read(args.jars, corpus.KOTLIN))
    for name, documents in (("java", java), ("kotlin", kotlin)):
        for part, held_out in (("training", False), ("held out", True)):
            print(f"{name:7s}{part:10s}", end="")
            check(tokenizer, [d for d in documents if d.held_out == held_out])


if __name__ == "__main__":
    main()
