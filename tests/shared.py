"""Files that lie beside the repository and are never part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def fixtures() -> Path:
    """The folder of golden fixtures; the calling test is skipped where there is none."""
    folder = ROOT.parent / "shared" / "fixtures"
    if not folder.is_dir():
        pytest.skip("the golden fixtures (../shared/fixtures) are not here")
    return folder
