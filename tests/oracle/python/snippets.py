"""Writes each snippet of a file as a file of its own: python snippets.py FILE OUTPUT_FOLDER; prints the paths.

A line `--- name` begins a snippet.
"""

import pathlib
import sys


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True)
    for snippet in ("\n" + pathlib.Path(sys.argv[1]).read_text()).split("\n--- ")[1:]:
        name, _, source = snippet.partition("\n")
        path = folder / f"{name}.py"
        assert not path.exists(), path
        path.write_text(source.rstrip("\n") + "\n")
        print(path)


if __name__ == "__main__":
    main()
