# Annotations without a value: code or none by place and version.
module: int
(in_brackets): int
obj.attr: int


class C:
    first: int
    if x:
        second: int
    (third): int
    fourth: int = 4
    self[0]: int


def f():
    local: int
    (local): int
    obj.attr: int
    local: int = 1
