"""Adding up."""

import math
import re

RATE = re.compile(r"""
    (?P<percent> \d+ (?: \. \d+ )? )  # such as 7.5
    \s* %
""", re.VERBOSE)


def rate(text):
    found = RATE.match(text)
    if found is None:
        raise ValueError(text)
    return float(found["percent"]) / 100


def rounded(value, digits=2):
    if math.isnan(value):
        return 0.0
    elif digits < 0:
        def coarse(number):
            return round(number, digits)
    else:
        coarse = lambda number: round(number, digits)
    return coarse(value)


class Till:
    sum = 0.0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.sum = 0.0
        return False

    def ring(self, amount):
        try:
            self.sum = rounded(self.sum + amount)
        except TypeError:
            raise
        finally:
            self.last = amount

    async def remote(self, *amounts):
        async with self.line() as line:
            for amount in amounts:
                await line.send(amount)
        return [
            amount
            for amount in amounts
            if amount
        ]
