"""Nobody calls this."""

import sys


def main(arguments=sys.argv[1:]):
    for argument in arguments:
        if argument.startswith("-"):
            continue
        print(argument)
    return 0


if __name__ == "__main__":
    sys.exit(main())
