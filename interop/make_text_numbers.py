"""Writes what Transformers makes of random texts and tokens, for the tests of the tokenizers.

    python interop/make_text_numbers.py models/src/test/resources/text

Writes a directory for each kind of tokenizer, small ones made here, with tokenizer.json, tokenizer_config.json, and
texts.jsonl.gz, which has in each line one of

  {"text": …, "ids": […], "prompted": […], "decoded": …}       a random text; its tokens alone, and as a prompt
  {"prompt": […], "added": […], "text": …, "continuation": …}  random tokens: the text of all, and what it has beyond
                                                               the text of the prompt, their common beginning

The kinds: byte-level (GPT-2, Llama 3), fallback (Llama 2: blanks are put before texts and stripped from them, characters
that have no token are bytes), metaspace (T5: Unigram), wordpiece (BERT, blanks are cleaned up), prefixed (RoBERTa: a blank
before the first word, and a mask that takes the blank before it), split (Llama 3: an expression, NFC, and whole words before
merges), unstripped (Gemma: bytes, and no blank is put before or stripped), accents (ALBERT: small letters without accents),
and suffixed (CLIP: words end in a mark).
"""

import argparse
import gzip
import json
import os
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

WORDS = """the quick brown fox jumps over a lazy dog . , ! ? ' "don't we're I'm it's they've didn't isn't he said : so ( not ) many
of them ; while (true) { x += 1 ; } return naïve café über straße señor 日本 語 の 字 привет мир 😀 👩‍👩‍👧 🇩🇪 é ﬁ ½ \u200b \ufffd""".split()
JOINTS = [" "] * 12 + ["  ", "\n", "\n\n", "\t", "", "", " \n  ", "   "]
SPECIAL = ["<unk>", "<s>", "</s>", "<|tool|>"]
KINDS = ("byte-level", "fallback", "metaspace", "wordpiece", "prefixed", "split", "unstripped", "accents", "suffixed")
CLEANED = ("byte-level", "wordpiece", "accents")


def sentence(draw: random.Random, words: int) -> str:
    return "".join(draw.choice(WORDS) + draw.choice(JOINTS) for _ in range(words))


def with_bytes(corpus: list[str]) -> tuple[dict, list]:
    """Returns a vocabulary with a token for each byte, and merges, learnt with words apart."""
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    learner.train_from_iterator(
        (line.replace("\n", " ").encode("ascii", "ignore").decode() for line in corpus),
        trainers.BpeTrainer(vocab_size=180, special_tokens=["<unk>"], show_progress=False))
    state = json.loads(learner.to_str())["model"]
    tokens = SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)] + [t for t in state["vocab"] if t != "<unk>"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in state["merges"]]
    return {t: i for i, t in enumerate(tokens)}, merges


def learnt(kind: str) -> Tokenizer:
    draw = random.Random(1)
    corpus = [sentence(draw, 12) for _ in range(400)]
    if kind == "byte-level":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIAL, show_progress=False,
                                      initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    elif kind == "fallback":
        # Learnt with words apart, then used without, as Llama 2's file does.
        vocabulary, merges = with_bytes(corpus)
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True,
                                         byte_fallback=True))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                               decoders.Strip(" ", 1, 0)])
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
        return tokenizer
    elif kind == "metaspace":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
        trainer = trainers.UnigramTrainer(vocab_size=220, special_tokens=SPECIAL, unk_token="<unk>",
                                          show_progress=False)
    elif kind == "prefixed":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, trim_offsets=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False,
                                      initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    elif kind == "split":
        tokenizer = Tokenizer(models.BPE(ignore_merges=True))
        tokenizer.normalizer = normalizers.NFC()
        words = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                      r"|\s*[\r\n]+|\s+(?!\S)|\s+")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(words, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=430, special_tokens=SPECIAL, show_progress=False,
                                      initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    elif kind == "unstripped":
        vocabulary, merges = with_bytes(corpus)
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True,
                                         byte_fallback=True))
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
        return tokenizer
    elif kind == "accents":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.Sequence([
            normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(),
            normalizers.Replace(Regex(" {2,}"), " ")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
        trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=SPECIAL, unk_token="<unk>",
                                          show_progress=False)
    elif kind == "suffixed":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
        tokenizer.normalizer = normalizers.Sequence([
            normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
        trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, end_of_word_suffix="</w>",
                                      show_progress=False)
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
        trainer = trainers.WordPieceTrainer(vocab_size=260, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    if kind == "prefixed":
        tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
        tokenizer.add_tokens([AddedToken("while", single_word=True, rstrip=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return tokenizer


def lines(tokenizer: PreTrainedTokenizerFast, draw: random.Random, count: int):
    def decode(ids):
        return tokenizer.decode(ids, skip_special_tokens=True)

    size = len(tokenizer)
    for _ in range(count):
        text = sentence(draw, draw.randint(1, 14))
        ids = tokenizer.encode(text, add_special_tokens=False)
        yield {"text": text, "ids": ids, "prompted": tokenizer.encode(text), "decoded": decode(ids)}
    for i in range(count):
        if i % 2:  # a text, cut at a place
            ids = tokenizer.encode(sentence(draw, draw.randint(2, 10)))
            cut = draw.randint(0, len(ids))
            prompt, added = ids[:cut], ids[cut:]
        else:  # any tokens: half characters, special tokens in the middle
            draws = [draw.randrange(size) if draw.random() < 0.8 else draw.randrange(4) for _ in range(24)]
            cut = draw.randint(0, 12)
            prompt, added = draws[:cut], draws[cut:]
        whole = decode(prompt + added)
        known = decode(prompt)
        common = len(os.path.commonprefix([whole, known]))
        yield {"prompt": prompt, "added": added, "text": whole, "continuation": whole[common:]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000, help="texts, and lists of tokens, of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    args = parser.parse_args()
    for kind in args.kinds:
        folder = args.output / kind
        folder.mkdir(parents=True, exist_ok=True)
        learnt(kind).save(str(folder / "tokenizer.json"))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
                  "unk_token": "<unk>", "clean_up_tokenization_spaces": kind in CLEANED}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        with open(folder / "texts.jsonl.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
            for line in lines(tokenizer, random.Random(7), args.count):
                out.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        print(kind, len(tokenizer), (folder / "texts.jsonl.gz").stat().st_size)


if __name__ == "__main__":
    main()
