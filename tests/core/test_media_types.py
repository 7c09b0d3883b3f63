"""What a file is: its first bytes for images, its extension for the rest."""

from __future__ import annotations

import gzip
import io
import mimetypes
import zipfile

import pytest

from openai_code_interpreter._sansio.media_types import (
    INLINE_IMAGES,
    OCTET_STREAM,
    extension_for,
    media_type,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 32
PDF = b"%PDF-1.7\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"


def zipped():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("a.txt", "a")
    return body.getvalue()


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("plot.png", PNG, "image/png"),
        ("plot", PNG, "image/png"),
        ("plot.txt", PNG, "image/png"),
        ("plot.png", JPEG, "image/jpeg"),
        ("plot.png", SVG, OCTET_STREAM),
        ("plot.png", HTML, OCTET_STREAM),
        ("plot.png", b"", OCTET_STREAM),
        ("plot.jpg", PDF, "application/pdf"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("a.svg", SVG, "image/svg+xml"),
        ("a.html", HTML, "text/html"),
        ("a.json", b"{}", "application/json"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.md", b"# a", "text/markdown"),
        ("A.CSV", b"a", "text/csv"),
        ("a.zip", zipped(), "application/zip"),
        ("data.csv.gz", gzip.compress(b"a,b", mtime=0), "application/gzip"),
        ("a.tgz", gzip.compress(b"a", mtime=0), "application/gzip"),
        ("model.pkl", b"\x80\x04", OCTET_STREAM),
        ("README", b"hello", OCTET_STREAM),
        ("", b"", OCTET_STREAM),
    ],
)
def test_what_a_file_is(name, head, kind):
    """An image is believed by its bytes only; the rest by extension, then by bytes."""
    assert media_type(name, head) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.ipynb", "application/x-ipynb+json"),
        ("a.webp", "image/webp"),
        ("a.tsv", "text/tab-separated-values"),
    ],
)
def test_types_that_python_3_11_does_not_know(name, kind):
    """Office files and data formats have their types on every Python; a name alone is enough."""
    assert media_type(name) == kind


def test_no_svg_or_html_counts_as_an_inline_image():
    """Only raster formats may be shown in place."""
    assert set(INLINE_IMAGES) == {"image/png", "image/jpeg", "image/gif", "image/webp"}


def test_the_machines_own_table_is_not_read(tmp_path):
    """A registry that calls CSV a spreadsheet changes nothing here."""
    odd = tmp_path / "mime.types"
    odd.write_text("application/vnd.ms-excel csv\n")
    mimetypes.init([str(odd)])
    try:
        assert mimetypes.guess_type("a.csv")[0] == "application/vnd.ms-excel"
        assert media_type("a.csv") == "text/csv"
    finally:
        mimetypes.init()


@pytest.mark.parametrize(
    ("kind", "extension"),
    [("image/png", ".png"), ("image/webp", ".webp"), ("no/such", ""), ("", ""), (None, "")],
)
def test_the_usual_extension(kind, extension):
    """A type gives its extension with a dot, or nothing."""
    assert extension_for(kind) == extension
