# Exclusions by comment and by the default patterns, and branches that are excused.
if TYPE_CHECKING:
    import a
if typing.TYPE_CHECKING:
    import b
if x:  # pragma: no cover
    c = 1
elif y:
    d = 1
else:  # pragma: no cover
    e = 1
if x:  # pragma: no branch
    f = 1
while True:
    g()
    if h:
        break


@decorator  # pragma: no cover
def excluded():
    i = 1


def f(x) -> None: ...


class Protocol:
    def method(self) -> int: ...
    def other(
        self,
    ) -> int:
        ...


try:
    j = 1
except E:  # pragma: no cover
    k = 1
finally:
    l = 1
