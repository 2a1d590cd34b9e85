"""What a page that is drawn may read: our own static files, and nothing else."""

import pytest
from PIL import ImageFile

from cagnotte.domain.errors import NotFound, Refused
from cagnotte.platform import pdf


def test_a_static_file_is_found_by_its_name() -> None:
    found = pdf.our_file(f"{pdf.OUR_FILES}portal/watching-print.css?v=1")

    assert found.name == "watching-print.css"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "https://example.com/portal/watching-print.css",
        "https://static.invalid.example.com/x.css",
        f"{pdf.OUR_FILES}../../../../../../etc/passwd",
        f"{pdf.OUR_FILES}%2e%2e/%2e%2e/settings.py",
        f"{pdf.OUR_FILES}/etc/passwd",
        f"{pdf.OUR_FILES}",
        f"{pdf.OUR_FILES}portal",
        "data:text/css,body{}",
        "",
    ],
)
def test_nothing_else_is(address: str) -> None:
    with pytest.raises(NotFound):
        pdf.our_file(address)


@pytest.mark.skipif(not pdf.available(), reason="needs WeasyPrint and its libraries")
def test_a_page_that_names_other_files_is_drawn_without_them() -> None:
    page = (
        '<html lang="en"><head><title>A page</title>'
        '<link rel="stylesheet" href="file:///etc/passwd"></head>'
        '<body><h1>A page</h1><img src="http://127.0.0.1:1/x.png" alt="none"></body></html>'
    )

    assert pdf.render(page).startswith(b"%PDF-")


def test_without_libraries_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "available", lambda: False)

    with pytest.raises(Refused):
        pdf.render("<html></html>")


def test_drawing_does_not_make_the_process_take_broken_pictures() -> None:
    assert pdf.available()
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
