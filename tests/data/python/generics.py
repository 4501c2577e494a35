# Type parameters and aliases: a syntax error before 3.12.
type Alias[T] = list[
    T
]


def f[T: int](x: T) -> T:
    return x


class C[T]:
    field: T

    def m[U](self, u: U) -> T:
        if u:
            return u
