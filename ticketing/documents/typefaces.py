"""The typefaces of a PDF, which are put into the file.

Noto Serif SC, Noto Sans SC and Noto Serif KR come as data with two packages of the environment
(SIL Open Font License 1.1, which lets any document contain them). They stand for 仿宋, 小标宋 and
黑体. An office with a licence for those three gives their files instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MISSING = "〓"  # stands where no typeface has the character; the paper's end says which it was


@dataclass(frozen=True, slots=True)
class Typefaces:
    """Files of TrueType or OpenType faces; ``fallback`` has what the others lack (한글)."""

    text: Path
    title: Path
    heading: Path
    fallback: Path
    bold_title: bool = False  # thicken the title: its face is no heavier than the text's


def free_typefaces() -> Typefaces:
    """Those that are there on every machine."""
    import pylopdf_fonts_ko
    import pylopdf_fonts_zh_cn

    serif = pylopdf_fonts_zh_cn.serif_path()
    return Typefaces(
        text=serif,
        title=serif,
        heading=pylopdf_fonts_zh_cn.sans_path(),
        fallback=pylopdf_fonts_ko.serif_path(),
        bold_title=True,
    )
