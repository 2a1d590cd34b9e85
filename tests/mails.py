"""Compiles the mails: `python -m tests.mails` writes the templates that are committed, from their MJML.

Each file of `notices/mails` becomes a page of HTML and its text, both Django templates. `<mj-include path="…" />` is
replaced by the file it names. The text is read off the same source: what stands in texts, tables and buttons, with
tags of templates kept, so that both say the same.
"""

import html
import re
import sys
from pathlib import Path

import mrml

from cagnotte import notices

PACKAGE = Path(notices.__file__).parent
SOURCES = PACKAGE / "mails"
TEMPLATES = PACKAGE / "templates" / "notices" / "mails"

LOAD = "{% load i18n %}"
HEAD_NAME = "head.html"

INCLUDE = re.compile(r'^([ ]*)<mj-include path="([^"]+)" />\n', re.MULTILINE)
PART = re.compile(r"<(mj-text|mj-raw|mj-table|mj-button)\b([^>]*)>(.*?)</\1>", re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
HEAD = re.compile(r"<mj-head>.*?</mj-head>", re.DOTALL)


def names() -> list[str]:
    """The mails there are."""
    return sorted(path.stem for path in SOURCES.glob("*.mjml"))


def expanded(name: str) -> str:
    """The MJML of a mail, with all it includes."""
    text = (SOURCES / f"{name}.mjml").read_text(encoding="utf-8")
    while (found := INCLUDE.search(text)) is not None:
        part = (SOURCES / found[2]).read_text(encoding="utf-8")
        indented = "".join(f"{found[1]}{line}\n" for line in part.splitlines())
        text = text[: found.start()] + indented + text[found.end() :]
    return text


def page_of(name: str) -> str:
    """The template of a mail's HTML; its head is the same for all (`head`), and included."""
    _, body = _compiled(name)
    return f'{LOAD}{{% include "notices/mails/{HEAD_NAME}" %}}{body}'


def head() -> str:
    """The template of the head that all mails share."""
    (found,) = {_compiled(name)[0] for name in names()}
    return found


def _compiled(name: str) -> tuple[str, str]:
    lines = [line.strip() for line in mrml.to_html(expanded(name)).content.splitlines()]
    shown = "\n".join(line for line in lines if line) + "\n"
    above, end, below = shown.replace('lang="und"', 'lang="{{ language }}"').partition("</head>")
    return above + end, below


def text_of(name: str) -> str:
    """The template of a mail's text."""
    parts = []
    for kind, attributes, inner in PART.findall(HEAD.sub("", expanded(name))):
        if kind == "mj-raw":
            parts.append(inner.strip())
        elif kind == "mj-button":
            href = re.search(r'href="([^"]+)"', attributes)
            assert href, "a button leads somewhere"
            parts.append(f"{_plain(inner)}\n{href[1]}\n\n")
        elif kind == "mj-table":
            parts.append(_rows(inner))
        else:
            parts.append(f"{_plain(inner)}\n\n")
    return f"{LOAD}{{% autoescape off %}}{''.join(parts).strip()}\n{{% endautoescape %}}\n"


def _rows(inner: str) -> str:
    """A row's words and amount on one line, its address on the next."""
    text = re.sub(r'<a href="([^"]+)"[^>]*>(.*?)</a>', r"\2", inner, flags=re.DOTALL)
    text = re.sub(r"\s*<br\s*/>", "\n  ", text)
    amount = r"{% if row.amount %} — \1{% endif %}\n  {{ row.url }}</td>"
    text = re.sub(r'</td>\s*<td class="amount">(.*?)</td>', amount, text)
    text = re.sub(r"\s*(\{% (?:endfor|for)[^%]*%\})\s*", r"\1", text)
    text = text.replace("<tr><td", "- <tr><td").replace("</tr>", "</tr>\n")
    return re.sub(r"<[^>]+>", "", text).strip() + "\n\n"


def _plain(inner: str) -> str:
    """The words of a text, its links behind them."""
    linked = LINK.sub(r"\2\n\1", inner)
    bare = re.sub(r"<[^>]+>", "", linked)
    return re.sub(r"[ \u00a0]+", " ", html.unescape(bare)).strip(" ")


def main() -> None:
    """Write all templates."""
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    (TEMPLATES / HEAD_NAME).write_text(head(), encoding="utf-8")
    for name in names():
        (TEMPLATES / f"{name}.html").write_text(page_of(name), encoding="utf-8")
        (TEMPLATES / f"{name}.txt").write_text(text_of(name), encoding="utf-8")
    sys.stdout.write(f"{len(names())} mails\n")


if __name__ == "__main__":
    main()
