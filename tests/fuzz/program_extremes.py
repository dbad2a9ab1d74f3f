"""Programs at the limits of the language and beyond: by length, depth, count, and claims."""

from __future__ import annotations

from typing import Final

SIZE: Final = 65_536
_FRAME: Final = "use math;let diff[x,t](t)=-x(t);let x(t:0)=1;probe x(t);"


def extremes(size: int = SIZE) -> dict[str, str]:
    """By name, each of at most about ``size`` characters."""
    return {
        **_long(size),
        **_deep(size),
        **_many(size),
        **_chains(size),
        **_numbers(size),
        **_faulty(size),
    }


def _filled(unit: str, size: int, left: str = "a(t)", end: str = "x(t);") -> str:
    """A definition whose right side repeats a piece of text."""
    start = f"{_FRAME}let {left}="
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def _equation(right: str) -> str:
    return f"use math;let diff[x,t](t)={right};let x(t:0)=.5;probe x(t);"


def _long(size: int) -> dict[str, str]:
    half = size // 2
    return {
        "one sum": _filled("t-", size),
        "one sum of reads": _filled("x(t)-", size),
        "one sum of different terms": _equation(_terms("-{0}*x(t)", size - 99)),
        "10000 terms": _equation("+".join(["x(t)"] * min(10_000, size // 6))),
        "one product": _filled("t*", size),
        "products that fit": _equation("+".join(["*".join(["x(t)"] * 190)] * (size // 1_000))),
        "one chain of quotients": _filled("x(t)/", size),
        "constants": _filled("1.01*", size, "a", "1;"),
        "a constant of powers": _filled("1**", size, "a", "1;"),
        "one comment": _FRAME + "/*" + "*" * (size - 99) + "*/",
        "a comment without end": _FRAME + "/*" * (half - 50),
        "many comments": _FRAME + "/*/**/" * (size // 7),
        "blanks": _FRAME + " \n\t" * (size // 4),
        "carriage returns": "\r" * (size - 99) + _FRAME,
        "one line of pragma": _FRAME + "//@ bound x = " + "1" * (size - 99),
        "one pragma of blanks": _FRAME + "//@ bound" + " " * (size - 99) + "x = 1",
        "one pragma of primes": _FRAME + "//@ bound x" + "'" * (size - 99) + "= 1",
        "one name": "x" * size,
        "four bytes each": _FRAME + "//" + "𝑥" * (size // 4 - 40),
        "just too many bytes": _FRAME + "//" + "é" * half,
        "only too long": _FRAME + " " * (size + 1 - len(_FRAME)),
    }


def _deep(size: int) -> dict[str, str]:
    nested = "(" * 190 + "x(t)" + ")" * 190
    return {
        "signs": _filled("-", size),
        "200 signs": _equation("-" * 200 + "x(t)"),
        "parentheses": _filled("(", size),
        "closing parentheses": _filled(")", size),
        "brackets": _FRAME + "let diff" + "[" * (size - 99),
        "many nested": _filled(nested + "+", size),
        "199 deep": _equation("(" * 199 + "x(t)" + ")" * 199),
        "deep functions": _equation("sin(" * 198 + "x(t)" + ")" * 198),
        "deep roots": _equation("-sqrt(1+" * 150 + "x(t)" + ")" * 150),
        "deep quotients": _equation("1/(2+" * 150 + "x(t)" + ")" * 150),
        "deep squares": _equation("-(x(t)-" * 90 + "x(t)" + ")**2" * 90),
        "powers of powers": _equation("(" * 190 + "x(t)" + ")**16" * 190),
        "few powers of powers": _equation("((x(t)**8)**8)**16/9"),
        "towers": _equation("x(t)" + "**1" * 199),
        "derivatives of derivatives": _equation("diff[x,t](" * 150 + "t" + ")" * 150),
        "deep sums": _equation("(2*t-" * 190 + "t-" * (size // 2 - 700) + "t" + ")" * 190),
    }


def _many(size: int) -> dict[str, str]:
    return {
        "512 functions": _FRAME + _each("let f{0}(t)=x(t)*{0};", min(511, size // 30)),
        "513 functions": _FRAME + _each("let f{0}(t)=x(t);", 512),
        "512 equations": "".join(
            f"let diff[f{i},t](t)=f{(i + 1) % 512}(t)-f{i}(t);let f{i}(t:0)=.1;" for i in range(512)
        )
        + "probe f0(t);",
        "600 equations of order eight": _each("let diff[f{0},t,t,t,t,t,t,t,t](t)=1;", size // 44),
        "functions": _FRAME + _each("let f{0}(t)=t;", size // 16),
        "constants": _FRAME + _each("let c{0}={0};", size // 16),
        "start values": _FRAME + _each("let x(t:0)={0};", size // 18),
        "modules": _FRAME + "use a;" * (size // 7),
        "pragmas": _FRAME + "//@ bound x=1\n" * (size // 15),
        "pragmas of no sense": _FRAME + "//@ x\n" * (size // 7),
        "probes": _FRAME + "probe x(t);" * (size // 12),
        "probes of everything": _FRAME
        + _each("let f{0}(t)=x(t)+{0};probe f{0}(t);", min(500, size // 40)),
        "pictures": _FRAME + "plot(x:t);" * (size // 11),
        "fields": f"{_FRAME}plot(x:t{',x:t' * (size // 4 - 60)});",
        "arguments": f"{_FRAME}let a(t)=foo({'t,' * (size // 2 - 100)}t);",
        "differentiations": f"{_FRAME}let diff[y{',t' * (size // 2 - 100)}](t)=1;",
    }


def _chains(size: int) -> dict[str, str]:
    """Definitions that use each other."""
    count, half = min(500, size // 40), min(250, size // 80)
    last = f"let a{count}(t)=x(t);"
    return {
        "a chain": _FRAME + _next("let a{0}(t)=a{1}(t)/2;", count) + last,
        "a chain of squares": _FRAME + _next("let a{0}(t)=a{1}(t)*a{1}(t);", count) + last,
        "a chain of sums": _FRAME + _next("let a{0}(t)=a{1}(t)-x(t)*a{1}(t);", count) + last,
        "a chain of roots": _FRAME + _next("let a{0}(t)=sqrt(1+a{1}(t));", count) + last,
        "a chain in use": _chain_in_use("a{1}(t)/2 + x(t)", count),
        "a chain of squares in use": _chain_in_use("a{1}(t)*a{1}(t)/4", count),
        "a chain of doubles in use": _chain_in_use("a{1}(t)+a{1}(t)", count),
        "a chain of sums in use": _chain_in_use("(a{1}(t)-x(t))*a{1}(t)", half),
        "a chain of quotients in use": _chain_in_use("1/(2+a{1}(t)+a{1}(t)*x(t))", half),
        "a chain of sines in use": _chain_in_use("sin(a{1}(t)+a{1}(t)*x(t))", half),
        "a chain of deep sums in use": _chain_in_use(
            f"{'(' * 40}a{{1}}(t){'/2-x(t))' * 40}", size // 460
        ),
        "a chain of deep products in use": _chain_in_use(
            f"{'(' * 40}a{{1}}(t){'*x(t)-1)' * 40}", size // 460
        ),
        "a chain of deep functions in use": _chain_in_use(
            f"{'exp(' * 40}a{{1}}(t){')' * 40}", size // 300
        ),
        "a chain of constants": _FRAME
        + _next("let a{0}=a{1}*1;", size // 18)
        + f"let a{size // 18}=1;",
        "a circle of constants": _FRAME
        + _next("let a{0}=a{1};", size // 18)
        + f"let a{size // 18}=a0;",
        "a circle": _FRAME + _next("let a{0}(t)=a{1}(t);", count) + f"let a{count}(t)=a0(t);",
        "everyone reads everyone": _FRAME
        + "".join(
            f"let a{i}(t)={'+'.join(f'a{j}(t)' for j in range(size // 600))};"
            for i in range(size // 600)
        ),
        "highest derivatives": "".join(
            f"let diff[f{i},t](t)=diff[f{i + 1},t](t);let f{i}(t:0)=1;" for i in range(count)
        )
        + f"let diff[f{count},t](t)=1;let f{count}(t:0)=1;probe f0(t);",
    }


def _chain_in_use(right: str, count: int) -> str:
    """The equation reads the one end of a chain whose other end reads the state."""
    chain = _next(f"let a{{0}}(t)={right};", count)
    return (
        f"use math;let diff[x,t](t)=-x(t)+a0(t)/9;let x(t:0)=.5;probe x(t);{chain}"
        f"let a{count}(t)=x(t)/9;"
    )


def _numbers(size: int) -> dict[str, str]:
    return {
        "digits": f"{_FRAME}let a={'9' * (size - 100)};",
        "zeros": f"{_FRAME}let a={'0' * (size - 100)};",
        "digits behind the point": f"{_FRAME}let a=.{'3' * (size - 100)};",
        "digits of an exponent": f"{_FRAME}let a=1e-{'9' * (size - 100)};",
        "a huge coefficient": _equation("-1e300*x(t)"),
        "a tiny coefficient": _equation("-1e-300*x(t)"),
        "huge and tiny": _equation("-1e300*(1e-300*x(t)-1e-320)"),
        "coefficients that overflow": _equation("1e200*(1e200*x(t))"),
        "coefficients that vanish": _equation("1e-200*(1e-200*x(t))"),
        "a huge start": "let diff[x,t](t)=-x(t);let x(t:0)=1.7e308;probe x(t);",
        "beyond all numbers": "let diff[x,t](t)=x(t);let x(t:0)=1e306;probe x(t);",
        "just within numbers": "let diff[x,t](t)=x(t);let x(t:0)=9e299;probe x(t);",
        "a tiny start": "let diff[x,t](t)=-x(t);let x(t:0)=5e-324;probe x(t);",
        "a long horizon": _equation("-x(t)") + "//@ horizon = 1e300",
        "a short horizon": _equation("-x(t)") + "//@ horizon = 1e-300",
        "a huge bound": _equation("-x(t)") + "//@ bound x = 1e308",
        "a tiny bound": _equation("-x(t)") + "//@ bound x = 5e-324",
        "a tiny tolerance": _equation("-x(t)") + "//@ tolerance = 1e-300",
        "stiff": _equation("-1e9*(x(t)-sin(t))"),
        "quick": _equation("cos(1e6*t)"),
        "explodes": _equation("x(t)*x(t)*1e6"),
        "leaves its domain": _equation("-sqrt(x(t))-1"),
        "rests": "let diff[x,t](t)=0;let x(t:0)=0;probe x(t);probe diff[x,t](t);",
        "not a number at the start": _equation("1/(x(t)-.5)"),
    }


def _faulty(size: int) -> dict[str, str]:
    long = "a" * 58
    return {
        "undefined names": f"{_FRAME}let a(t)={'+'.join(f'q{i}' for i in range(size // 8))};",
        "undefined functions": f"{_FRAME}let a(t)={_each('q{0}(t)+', size // 9)}t;",
        "undefined long names": _FRAME
        + "".join(f"let {long}{i:04}={long}{i:04}b;" for i in range(size // 140)),
        "nearly known long names": _FRAME
        + "".join(f"let {long}{i:03}(t)=t;" for i in range(size // 160))
        + "".join(f"probe {long[1:]}{i:03}b(t);" for i in range(size // 160)),
        "divisions by zero": _filled("1/0+", size),
        "bad arguments": _filled("x(0)+", size),
        "bad exponents": _filled("x(t)**x(t)+", size),
        "strange characters": "\x1b" * size,
        "marks at the start": "\ufeff" * (size // 3),
    }


def _each(form: str, count: int) -> str:
    return "".join(form.format(i) for i in range(count))


def _next(form: str, count: int) -> str:
    return "".join(form.format(i, i + 1) for i in range(count))


def _terms(form: str, size: int) -> str:
    found: list[str] = []
    length = 0
    while length < size:
        found.append(form.format(len(found) + 1))
        length += len(found[-1])
    return "".join(found[:-1])
