# What the compiler finds unreachable, and the definitions that outlive it.
def f(x):
    if x:
        return 1
    else:
        raise E
    dead = 1


def g():
    if 0:
        def kept_in_3_11():
            return 1
    while True:
        if __debug__:
            break
        else:
            dead = lambda: 1
    return "last"
    [dead for dead in x]


if not (x and 0):
    a = 1
else:
    b = 1
if -1:
    a = 2
else:
    b = 2
while 1 - 1:
    never = 1
else:
    c = 1
assert 0
after_assert = 1
