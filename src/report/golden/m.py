def f(x):
    if x:
        return 1
    for y in x:
        if y:  # pragma: no branch
            print(y)
    return [
        2,
    ]

class C:
    def m(self):
        return 3
    def m(self):  # pragma: no cover
        return 4
