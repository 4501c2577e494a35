"""What a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shop.orders import pricing

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 0x40  # different articles
GREETING = "Grüße, 你好 \N{WAVING HAND SIGN}"


class CartFull(Exception):
    """There is no room for another article."""


@dataclass(order=True)
class Line:
    article: str
    count: int = 1
    price: float = field(default=0.0, compare=False)

    @property
    def total(self) -> float:
        return self.count * self.price


class Cart:
    """Lines in the order in which they were added."""

    def __init__(self, customer: str | None = None) -> None:
        self.customer = customer
        self._lines: dict[str, Line] = {}

    def add(self, article: str, count: int = 1, price: float = 1.25) -> Line:
        if count < 1:
            raise ValueError(
                f"cannot add {count!r} of {article!r}: "
                "at least one is needed",
            )
        if len(self._lines) >= LIMIT:
            raise CartFull(f"{len(self._lines):>4} of {LIMIT:{'x'}}")
        line = self._lines.setdefault(
            article,
            Line(article, 0, price),
        )
        line.count += count
        return line

    def __iter__(self) -> Iterator[Line]:
        yield from self._lines.values()

    def describe(self) -> str:
        match self.customer, len(self._lines):
            case None, 0:
                who = "an empty cart"
            case None, count:
                who = f"somebody's cart of {count}"
            case str(name), _:
                who = f"{name}'s cart"
        return who

    def discount(self) -> float:
        total = sum(line.total for line in self)
        while (
            total > 1_000  # in pence
        ):
            total -= max(
                1e2,
                total / 10,
            )
            if total < 500:
                break
        else:
            return 0.0
        return total

    def debug(self) -> None:  # pragma: no cover
        for line in self:
            print("</script><b>", line, sep="\t")

    def checkout(self) -> float:
        if not self._lines: return 0.0
        with pricing.Till() as till:
            for line in self:
                till.ring(line.total)
        return till.sum
