"""Holds our Markdown against GitHub's renderer.

1. Random hostile names: code is that name and nothing else, a cell stays one cell, text makes no element at all.
2. Every snapshot of a comment or summary: only the elements we write, and links only to where we point.
"""

import glob
import json
import random
import re
import subprocess
import sys
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
OURS = {
    "a", "blockquote", "code", "details", "h2", "h3", "li", "p", "pre", "strong", "summary",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}
PIECES = [
    "|", "\\", "`", "``", "*", "_", "~~", "[", "](", ")", "<", ">", "<img src=x onerror=a>", "<!--", "-->", "&lt;", "&#124;",
    "@org/team", "a@b.example", "https://evil.example", "www.evil.example", "#1", "owner/repo#1", "::set-output name=a::b",
    " ", "  ", "a", "src/x.py", "é", "日本", "\u202e", "\u200b", "\x1b[31m", "\n", "\r", "\t", "\0", "![x](y)", "$x$", ":tada:",
]


def render(text):
    return cmarkgfm.markdown_to_html_with_extensions(text, options=Options.CMARK_OPT_UNSAFE, extensions=EXTENSIONS)


class Page(HTMLParser):
    """The elements of a page, its links, the text of its code and of its cells."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.code, self.cells, self.open = [], [], [], [], []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attributes).get("href"))
        if tag == "code":
            self.code.append("")
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text += data
        if "code" in self.open:
            self.code[-1] += data
        if "td" in self.open:
            self.cells[-1] += data


def visible(name):
    """The name without what may stand for something invisible, for comparing."""
    name = name if len(name) <= 200 else name[:200] + "…"
    out = []
    for character in name:
        code = ord(character)
        if character == "\t":
            out.append("\t")
        elif code < 32:
            out.append(chr(0x2400 + code))
        elif code in (0x202E, 0x200B):
            out.append(f"<U+{code:04X}>")
        else:
            out.append(character)
    return "".join(out)


def names(binary, seed, count):
    chance = random.Random(seed)
    wanted = ["".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(count)]
    lines = "".join(json.dumps(name) + "\n" for name in wanted)
    shown = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(shown) == count
    for name, line in zip(wanted, shown):
        code, cell, text = json.loads(line)
        expected = visible(name)
        page = Page(render(f"x {code} y\n"))
        # A span takes one blank off each end where both have one; ours has it added.
        assert page.tags == ["p", "code"] and page.code == [expected], (name, code, page.tags, page.code)
        page = Page(render(f"| a | b |\n|:--|:--|\n| {cell} | end |\n"))
        assert page.cells[1:] == ["end"] and len(page.cells) == 2, (name, cell, page.cells)
        assert page.code == [page.cells[0]] and page.code[0].replace("\u200b", "") == expected, (name, cell, page.code)
        assert page.tags.count("code") == 1 and "a" not in page.tags and "img" not in page.tags, (name, cell, page.tags)
        page = Page(render(f"### x {text} y\n"))
        assert page.tags == ["h3"], (name, text, page.tags)
        rest = page.text
        assert not re.search(r"@\w|https?:/|www\.\w|#\d", rest), (name, text, rest)
        squeezed = lambda value: re.sub(r"\s+", " ", value.replace("\u200b", ""))
        assert squeezed(rest).strip() == squeezed(f"x {expected} y"), (name, rest, expected)


def snapshots():
    files = sorted(glob.glob("tests/data/publish/*.md"))
    assert len(files) >= 14, files
    for file in files:
        with open(file, encoding="utf-8", newline="") as opened:
            parts = re.split(r"^=== (\w+) ===\n", opened.read(), flags=re.M)
        assert parts[1] == "summary", file
        for text in (parts[0], parts[2]):
            page = Page(render(text))
            assert set(page.tags) <= OURS, (file, set(page.tags) - OURS)
            assert all(link.startswith("https://forge.example/octo/demo/actions/runs/12") for link in page.links), (file, page.links)
            assert not re.search(r"^\|", page.text, flags=re.M), (file, "a table fell apart")
    return len(files)


if __name__ == "__main__":
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 5000
    names(sys.argv[1], seed, count)
    print(f"{count} names and {snapshots()} snapshots: as GitHub's renderer shows them, names stay names")
