"""An official paper as a file: what the use case of the documents calls."""

from __future__ import annotations

from typing import Literal

from ticketing.documents.model import OfficialPaper

Format = Literal["docx", "pdf"]

MEDIA_TYPES: dict[Format, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


def render(paper: OfficialPaper, format: Format) -> bytes:  # noqa: A002 - the word callers use
    """``paper`` as the bytes of a file. The same paper gives the same bytes.

    It takes up to a second of one core, and imports large libraries at its first use: call it in
    a thread.
    """
    if format == "docx":
        from ticketing.documents.docx import write_docx

        return write_docx(paper)
    from ticketing.documents.pdf import write_pdf

    return write_pdf(paper)
