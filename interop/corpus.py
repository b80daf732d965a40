"""The text that the demo's base model and its adapters are trained on, read from sources jars.

README.md states the rules in words; the command line's own reader in Java follows the same rules.
"""

import pathlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

END_OF_TEXT = "<|endoftext|>"
HELD_OUT_EVERY = 20
# The characters that Java's String.trim() removes; Python's own strip() removes others.
BLANK = "".join(chr(c) for c in range(0x21))


@dataclass(frozen=True)
class Source:
    """Which entries of which jars make a corpus."""

    jars: tuple[str, ...]
    prefix: str
    suffix: str


BASE = Source(
    (
        "guava-sources.jar",
        "commons-lang3-sources.jar",
        "commons-collections4-sources.jar",
        "commons-io-sources.jar",
        "commons-text-sources.jar",
        "commons-compress-sources.jar",
    ),
    "",
    ".java",
)
KOTLIN = Source(("kotlin-stdlib-sources.jar",), "commonMain/kotlin/", ".kt")


@dataclass(frozen=True)
class Document:
    path: str
    text: str

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.path.encode("utf-8")) % HELD_OUT_EVERY == 0


def clean(text: str) -> str:
    """One kind of line end, no leading comment (the licence), no blank edges, one last newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip(BLANK)
    if text.startswith("/*"):
        end = text.find("*/")
        text = text[end + 2 :].strip(BLANK) if end >= 0 else ""
    return text + "\n" if text else ""


def read(directory: pathlib.Path, source: Source) -> Iterator[Document]:
    for jar in source.jars:
        with zipfile.ZipFile(directory / jar) as archive:
            for path in sorted(archive.namelist()):
                if path.startswith(source.prefix) and path.endswith(source.suffix):
                    text = clean(archive.read(path).decode("utf-8"))
                    if text:
                        yield Document(path, text)
