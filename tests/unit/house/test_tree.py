"""Rules that hold for every file of the repository."""

import ast
import os
import re
import statistics
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.house.tree import GENERATED, PACKAGES, ROOT, product_modules, tracked

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Their types come to us through what is declared: hypercorn, pydantic, quart.
COMPANIONS = {"h11", "markupsafe", "pydantic_core", "werkzeug"}


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        try:
            yield path.relative_to(ROOT), path.read_text()
        except UnicodeDecodeError:
            continue  # a picture or a circuit file


def functions() -> Iterator[tuple[str, int]]:
    """Name and length in lines of each function of the product."""
    for path in product_modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{path.relative_to(ROOT)}:{node.name}", length


def imported(path: Path) -> set[str]:
    """The top-level names of what a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def names_of(requirements: list[str]) -> set[str]:
    """What one imports of each required package."""
    renamed = {"pyyaml": "yaml", "protobuf": "google"}
    names = {str(canonicalize_name(Requirement(text).name)) for text in requirements}
    return {renamed.get(name, name.replace("-", "_")) for name in names}


def test_each_runtime_dependency_is_used_and_each_used_one_declared() -> None:
    used = set[str]().union(*(imported(path) for path in product_modules()))
    used -= {*PACKAGES, *sys.stdlib_module_names}
    used -= COMPANIONS
    declared = names_of(SETTINGS["project"]["dependencies"])
    # The generated circuit code is what uses protobuf.
    assert declared - {"google"} == used - {"google"}


def test_no_file_names_a_path_of_one_machine_or_a_package_host() -> None:
    folders = "|".join(["w" + "ork", "r" + "oot", r"home/\w+"])
    hosts = "|".join(["pypi" + r"\.org", "python" + "hosted", "art" + "ifactory"])
    found = re.compile(rf"(?<![\w$.{{}}~*/-])/(?:{folders})/|{hosts}")
    assert [(str(p), m.group()) for p, text in texts() if (m := found.search(text))] == []


def test_no_file_is_left_for_later() -> None:
    later = re.compile(
        "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImpl" + "ementedError"])
    )
    code = [(p, t) for p, t in texts() if p.suffix in {".py", ".toml", ""} and p.suffix != ".lock"]
    assert [str(p) for p, text in code if later.search(text)] == []


def test_nothing_of_asyncio_in_the_product() -> None:
    assert [str(p) for p in product_modules() if imported(p) & {"asyncio", "anyio"}] == []


def test_only_the_packages_of_bytes_know_the_generated_code() -> None:
    inside = {ROOT / "drivers" / "apb", ROOT / "drivers" / "wire"}
    outside = [p for p in product_modules() if p.parent not in inside]
    assert [str(p) for p in outside if "_pb2" in p.read_text()] == []


def test_product_code_never_sleeps_in_a_thread() -> None:
    """The demo may: it is a client, in a process of its own."""
    served = [p for p in product_modules() if not p.name.startswith("demo")]
    assert [str(p) for p in served if "time.sleep" in p.read_text()] == []


def test_files_and_functions_stay_small() -> None:
    long_files = [p for p, t in texts() if p.suffix == ".py" and t.count("\n") > 600]
    assert [p for p in long_files if p.name not in GENERATED] == []
    sizes = dict(functions())
    assert {name: size for name, size in sizes.items() if size > 120} == {}
    lengths = list(sizes.values())
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[-1] < 35


def test_layers_are_declared() -> None:
    contracts = SETTINGS["tool"]["importlinter"]["contracts"]
    layers = [c["layers"] for c in contracts if c["type"] == "layers"]
    assert ["appliance", "sim", "drivers"] in layers


def test_each_ignored_rule_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^ignore = \[\n(.*?)^\]", text, re.S | re.M)
    per_file = re.search(r"^\[tool\.ruff\.lint\.per-file-ignores\]\n(.*?)^\n", text, re.S | re.M)
    assert block
    assert per_file
    lines = block.group(1).splitlines() + per_file.group(1).splitlines()
    assert [line for line in lines if line.strip() and "  # " not in line] == []


def test_each_decision_names_context_choice_and_price() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [p.name[:4] for p in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for record in records:
        headings = re.findall(r"^## (.*)$", record.read_text(), re.M)
        assert headings == ["Context", "Choice", "Price"], record.name
        assert record.read_text().startswith(f"# {record.name[:4]}: "), record.name


def test_ci_runs_what_a_newcomer_types() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "sh packaging/bootstrap test" in script.read_text()


def test_licence_is_the_declared_one() -> None:
    assert SETTINGS["project"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_spelling_is_checked() -> None:
    assert "skip" in SETTINGS["tool"]["codespell"]
