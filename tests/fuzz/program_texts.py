"""Random and damaged program texts: bytes, tokens in any order, and changes of sound programs."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_TOKEN: Final = re.compile(
    r"//[^\n]*|\#[^\n]*|/\*[\s\S]*?\*/|[A-Za-z_]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    r"|\*\*|\s+|[\s\S]"
)
"""Rules of our own, not the lexer's: it is the lexer that is judged."""
_STATEMENT: Final = re.compile(r"[^;]*;?")
_DIGITS: Final = frozenset(string.digits + ".")
_LETTERS: Final = frozenset(string.ascii_letters + "_")
TOKENS: Final = (
    *("use", "let", "probe", "diff", "plot", "math", "display", "bound", "horizon", "tolerance"),
    *("x", "y", "z", "t", "k", "tau", "pi", "E", "_", "Derivative", "f" * 64, "f" * 65),
    *("sin", "cos", "exp", "ln", "tanh", "abs", "sqrt", "tan", "x(t)", "y(t)", "diff[x, t](t)"),
    *(
        "0",
        "1",
        "2.5",
        "1e3",
        ".5",
        "1.",
        "0.0",
        "1e308",
        "1e309",
        "1e-400",
        "9" * 30,
        "2x",
        "1.2.3",
    ),
    *("+", "-", "*", "/", "**", "(", ")", "[", "]", ",", ";", ":", "=", "^", "'", ".", "!", "\\"),
    *(
        "//",
        "#",
        "/*",
        "*/",
        "//@ ",
        "//@ bound x = 1\n",
        "//@ horizon = 3\n",
        "//@ bound x' = 0\n",
    ),
    *(" ", "\n", "\r\n", "\r", "\t", "\v", "\f", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028"),
    *("\ufeff", "é", "𝑥", "\ud800", "\u202e", "a\u0301", "١"),
    *("let diff[x, t](t) = -x(t);", "let x(t: 0) = 0.5;", "probe x(t);", "let k = 2;", "use math;"),
    *("let g(t) = x(t)/k;", "let diff[x, t](t: 0) = 1;", "plot(x: t, y: x(t));", "(x(t) + 1)"),
)
_NUMBERS: Final = (
    *("0", "0.0", "1", "-1", "2", "0.5", "8", "16", "17", "-16", "1e-7", "1e7", "20", "1e-300"),
    *(
        "1e300",
        "1e308",
        "1e-320",
        "1e999",
        "1e-999",
        "3.0000000000000004",
        "1" * 400,
        "0." + "3" * 99,
    ),
    *("1e99999999999", "1e+5", "1E-5", "007", "5.", ".5", "1e", "0x10", "1_000", "1e3.5"),
)
_WRAPPERS: Final = (
    *("({})", "-({})", "sin({})", "abs({})", "sqrt({})", "exp({})", "ln({})", "tanh({})"),
    *(
        "({})**2",
        "({})**16",
        "({})**-1",
        "({})/({})",
        "1/({})",
        "({})*({})",
        "2**({})",
        "cos({}, {})",
    ),
)


def random_bytes(rng: random.Random) -> bytes:
    """Bytes of any kind, or mostly such as programs have."""
    size = rng.choice((0, 1, 4, 30, 30, 200, 2_000))
    if rng.random() < 0.4:
        return rng.randbytes(size)
    common = b"let diff[x,t](t)=-x;probe x:0.5*/ \n"
    return bytes(
        rng.choice(common) if rng.random() < 0.97 else rng.randrange(256) for _ in range(size)
    )


def random_tokens(rng: random.Random) -> str:
    """Tokens of the language, and what is none, in any order."""
    between = rng.choice(("", " ", "\n"))
    return between.join(rng.choices(TOKENS, k=rng.choice((1, 3, 8, 20, 60, 300))))


def mutate_bytes(rng: random.Random, programs: Sequence[str]) -> bytes:
    """A program with damaged bytes, in UTF-8 or no longer so."""
    data = bytearray(rng.choice(programs).encode())
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        cut = rng.choice((0, 0, 1, 1, 2, 8, 40))
        put = rng.choice((b"", rng.randbytes(1), rng.randbytes(3), bytes(data[at : at + cut]) * 2))
        data[at : at + cut] = put
    return bytes(data)


def mutate_tokens(rng: random.Random, programs: Sequence[str]) -> str:
    """A program with one or some changes that leave most of it a program."""
    tokens = _TOKEN.findall(rng.choice(programs))
    other = _TOKEN.findall(rng.choice(programs))
    changes = _CHANGES if rng.random() < 0.5 else _MILD
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        rng.choice(changes)(rng, tokens, other)
    return "".join(tokens)


def mutate_statements(rng: random.Random, programs: Sequence[str]) -> str:
    """Statements of two programs: some left out, some twice, in another order."""
    statements = [
        *_STATEMENT.findall(rng.choice(programs)),
        *(_STATEMENT.findall(rng.choice(programs)) if rng.random() < 0.4 else ()),
    ]
    for _ in range(rng.randint(0, 3)):
        one, two = rng.randrange(len(statements)), rng.randrange(len(statements))
        statements[one], statements[two] = statements[two], statements[one]
    if rng.random() < 0.3:
        del statements[rng.randrange(len(statements))]
    if rng.random() < 0.3:
        statements.insert(rng.randrange(len(statements) + 1), rng.choice([*statements, ";"]))
    return "".join(statements)


def _place(rng: random.Random, tokens: list[str], first: frozenset[str] | None = None) -> int:
    """A token that begins with such a character (None: that is no blank), or any."""
    if first is None:
        fits = [i for i, token in enumerate(tokens) if not token.isspace()]
    else:
        fits = [i for i, token in enumerate(tokens) if token[:1] in first]
    return rng.choice(fits) if fits else rng.randrange(len(tokens) + 1)


def _swap(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    one, two = _place(rng, tokens), _place(rng, tokens)
    if max(one, two) < len(tokens):
        tokens[one], tokens[two] = tokens[two], tokens[one]


def _delete(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    at = _place(rng, tokens)
    del tokens[at : at + rng.choice((1, 1, 1, 2, 5, 20))]


def _duplicate(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    at = _place(rng, tokens)
    tokens[at:at] = tokens[at : at + rng.choice((1, 1, 3, 10))] * rng.choice((1, 1, 2, 50))


def _replace(rng: random.Random, tokens: list[str], other: Sequence[str]) -> None:
    at = _place(rng, tokens)
    tokens[at : at + 1] = [rng.choice(other or TOKENS)]


def _insert(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    tokens.insert(_place(rng, tokens), rng.choice(TOKENS))


def _splice(rng: random.Random, tokens: list[str], other: Sequence[str]) -> None:
    at, start = _place(rng, tokens), rng.randrange(len(other) + 1)
    tokens[at : at + rng.randrange(12)] = other[start : start + rng.randrange(12)]


def _number(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    at = _place(rng, tokens, _DIGITS)
    new = rng.choice((*_NUMBERS, f"{10 ** rng.uniform(-9, 9):.3g}", f"{rng.uniform(-3, 3):.2f}"))
    tokens[at : at + 1] = [new]


def _name(rng: random.Random, tokens: list[str], other: Sequence[str]) -> None:
    """A name misspelt, in the other case, or another one."""
    at = _place(rng, tokens, _LETTERS)
    old = tokens[at] if at < len(tokens) else "x"
    spot = rng.randrange(len(old) + 1)
    names = [token for token in (*tokens, *other) if token[:1] in _LETTERS]
    new = (
        old.swapcase(),
        old[:spot] + old[spot + 1 :],
        old[:spot] + rng.choice("aexty_1é") + old[spot:],
        old[::-1],
        rng.choice(names or ["x"]),
        rng.choice(names or ["x"]),
    )
    tokens[at : at + 1] = [rng.choice(new)]


def _wrap(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    """An operand and what follows it become part of something larger."""
    at = _place(rng, tokens, _DIGITS | _LETTERS)
    length = rng.choice((1, 4, 4, 9))
    inner = "".join(tokens[at : at + length]).strip()
    tokens[at : at + length] = _TOKEN.findall(rng.choice(_WRAPPERS).replace("{}", inner))


def _operand(rng: random.Random, tokens: list[str], _: Sequence[str]) -> None:
    """A function that is read becomes an expression of it."""
    at = _place(rng, tokens, _DIGITS)
    tokens[at : at + 1] = [
        rng.choice(("x(t)", "t", "abs(t - 1)", "(t/3)", "sin(t)", "pi", "(1 - 1)"))
    ]


_Change: TypeAlias = "Callable[[random.Random, list[str], Sequence[str]], None]"
_MILD: Final[tuple[_Change, ...]] = (_number, _number, _wrap, _operand, _name)
"""What mostly leaves a program that can be read, with other mathematics."""
_CHANGES: Final[tuple[_Change, ...]] = (
    *(_swap, _delete, _duplicate, _replace, _insert, _splice),
    *_MILD,
)
