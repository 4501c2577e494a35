"""Docstrings, decorators, defaults, generics, nested functions and classes: each its own region."""
from __future__ import annotations


@decorator
@another(
    1,
    2,
)
class C(Base, metaclass=M):
    """doc"""
    field: int
    other: str = "x"

    @property
    def p(self) -> int:
        '''doc
        over lines
        '''
        return self.x

    def q(self, a=1, *args, b: int = 2,
          **kwargs): return a

    class Inner: "doc"


def outer():
    def inner():
        yield 1
    async def coroutine():
        return [x async for x in y]
    return lambda: inner
