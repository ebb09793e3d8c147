"""Markdown to the editor's blocks and back, as far as a body's text needs it.

The server keeps both forms of a body. What the twin renders has the same kinds of blocks for headings, lists, tables,
links and emphasis; the blocks' own ids and finer marks are the server's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

_HEADING = re.compile(r"(#{1,6}) +(.*)")
_BULLET = re.compile(r"\s*[-*+] +(.*)")
_NUMBERED = re.compile(r"\s*\d+[.)] +(.*)")
_INLINE = re.compile(r"\*\*(?P<bold>.+?)\*\*|\*(?P<italic>[^*]+)\*|\[(?P<link>[^\]]*)\]\((?P<href>[^)\s]+)\)")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_PROPS = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}


def to_blocknote(markdown: str) -> str:
    """The blocks of a Markdown text, as the JSON text that the server stores."""
    return msgspec.json.encode([_block(kind, words, props) for kind, words, props in _pieces(markdown)]).decode()


def to_markdown(blocknote: str) -> str | None:
    """The text of a list of blocks, a line a block; None where it is not JSON."""
    try:
        blocks = msgspec.json.decode(blocknote)
    except msgspec.DecodeError:
        return None
    if not isinstance(blocks, list):
        return None
    return "".join(f"{_words(block.get('content'))}\n" for block in blocks if isinstance(block, dict))


def _pieces(markdown: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    paragraph: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        heading, bullet, numbered = _HEADING.fullmatch(line), _BULLET.fullmatch(line), _NUMBERED.fullmatch(line)
        if paragraph and (heading or bullet or numbered or not line.strip()):
            yield "paragraph", "\n".join(paragraph), {}
            paragraph = []
        if heading:
            yield "heading", heading[2], {"level": len(heading[1]), "isToggleable": False}
        elif bullet:
            yield "bulletListItem", bullet[1], {}
        elif numbered:
            yield "numberedListItem", numbered[1], {}
        elif line.strip():
            paragraph.append(line)


def _block(kind: str, words: str, props: dict[str, Any]) -> dict[str, Any]:
    identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}:{words}"))
    content = list(_inline(_TAG.sub("", words)))
    return {"id": identifier, "type": kind, "props": _PROPS | props, "content": content, "children": []}


def _inline(words: str) -> Iterator[dict[str, Any]]:
    position = 0
    for mark in _INLINE.finditer(words):
        if mark.start() > position:
            yield _text(words[position : mark.start()])
        if mark["href"]:
            yield {"type": "link", "href": mark["href"], "content": [_text(mark["link"])]}
        elif mark["bold"]:
            yield _text(mark["bold"], bold=True)
        else:
            yield _text(mark["italic"], italic=True)
        position = mark.end()
    if position < len(words):
        yield _text(words[position:])


def _text(words: str, **styles: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, "styles": styles}


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "".join(_words(item) for item in content)
    if isinstance(content, dict):
        return str(content.get("text", "")) or _words(content.get("content"))
    return content if isinstance(content, str) else ""
