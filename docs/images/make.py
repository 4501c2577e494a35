#!/usr/bin/env python3
"""Draws the README's picture from a real run: python3 docs/images/make.py [BINARY].

Runs `ci-lint check` on the first-proposal fixture with colour and writes what it prints as an SVG.
"""
import html
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIXTURE = ROOT / "workflows-fixtures" / "first-proposal"
COMMAND = "ci-lint check .forgejo/workflows/ci.yml"
COLOURS = {"31": "#ff6b6b", "33": "#e5c07b", "32": "#98c379", "36": "#56b6c2", "35": "#c678dd", "2": "#7f848e"}
WIDTH, HEIGHT, PAD = 8.43, 19, 18


def spans(line):
    """Splits a line at its colour sequences into (text, style)."""
    style = {}
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if match := re.fullmatch(r"\x1b\[([0-9;]*)m", part):
            for code in (match[1] or "0").split(";"):
                if code == "0":
                    style = {}
                elif code == "1":
                    style = style | {"bold": True}
                elif code in COLOURS:
                    style = style | {"fill": COLOURS[code]}
        elif part:
            yield part, style


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target" / "release" / "ci-lint")
    run = subprocess.run([pathlib.Path(binary).resolve(), *COMMAND.split()[1:], "--color", "always"],
                         cwd=FIXTURE, capture_output=True, text=True, env={"COLUMNS": "96"}, check=False)
    assert run.returncode == 1, run
    lines = [f"$ {COMMAND}", *run.stdout.rstrip("\n").split("\n")]
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = round(columns * WIDTH + 2 * PAD), len(lines) * HEIGHT + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{html.escape(COMMAND)}: the hidden-files finding in a terminal</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1e2127"/>',
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" fill="#d7dae0">',
    ]
    for row, line in enumerate(lines):
        column = 0
        for text, style in spans(line):
            if text.strip():
                weight = ' font-weight="bold"' if style.get("bold") else ""
                fill = f' fill="{style["fill"]}"' if "fill" in style else ""
                x, y = PAD + column * WIDTH, PAD + (row + 0.75) * HEIGHT
                length = f' textLength="{len(text) * WIDTH:.1f}"'
                out.append(f'<text x="{x:.1f}" y="{y:.1f}" xml:space="preserve"{weight}{fill}{length}>{html.escape(text)}</text>')
            column += len(text)
    out += ["</g>", "</svg>", ""]
    (ROOT / "docs" / "images" / "hidden-files.svg").write_text("\n".join(out))


main()
