"""docs/troubleshooting.md quotes the doctor: what it quotes is what the doctor says."""

import re
from typing import Final

import pytest

from doctor_sentences import sentences
from documentation import ROOT

PAGE: Final = (ROOT / "docs" / "troubleshooting.md").read_text()
QUOTED: Final = re.findall(r"`` (.+?) ``|(?<!`)`([A-Z…][^`]+[.?])`", PAGE)
SENTENCES: Final = sorted(double or single for double, single in QUOTED)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_doctor_says_what_the_page_quotes(sentence: str) -> None:
    assert sentence in sentences()


def test_the_page_quotes_the_doctor() -> None:
    """The tests above see what it quotes."""
    assert len(SENTENCES) > 20
