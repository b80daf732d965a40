"""The claims, and what their functions say things with."""

import contextlib
import warnings
from collections.abc import Callable

CLAIMS: dict[str, Callable[[], str]] = {}


class Untrue(Exception):
    """PEFT did something else than the page says; the message says what."""


def claim(name: str):
    """Registers the check of the claim with this name on the page. The docstring is the claim; the result says what PEFT did."""

    def register(check: Callable[[], str]) -> Callable[[], str]:
        if name in CLAIMS:
            raise ValueError(f"two checks of {name}")
        if not check.__doc__:
            raise ValueError(f"{name} does not say what it claims")
        CLAIMS[name] = check
        return check

    return register


def expect(true, what: str) -> None:
    if not true:
        raise Untrue(what)


def fails(*kinds: type[BaseException]):
    """Returns a function that calls its argument and returns the error; it is Untrue if there is none of these kinds."""

    def call(body: Callable[[], object]) -> str:
        try:
            body()
        except kinds as e:
            return f"{type(e).__name__}: {first_line(e)}"
        raise Untrue(f"no {' or '.join(kind.__name__ for kind in kinds)}")

    return call


def first_line(e: BaseException) -> str:
    text = str(e).strip().splitlines()
    return (text[0] if text else "")[:90]


@contextlib.contextmanager
def recorded():
    """Gives the texts of all warnings of the body, filled when it ends."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    texts.extend(str(w.message) for w in caught)
