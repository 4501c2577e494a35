# `try` in all its forms, and leaving `finally` early.
def f(x):
    while x:
        try:
            if x == 1:
                break
            if x == 2:
                continue
            if x == 3:
                return 3
            raise E
        except (A, B) as e:
            handled(e)
        except C:
            raise
        else:
            g()
        finally:
            h()
    for i in x:
        try:
            break
        finally:
            return 1
    after_loop = 1


try:
    pass
except* E:
    raise
dead_or_not = 1
try:
    raise E
finally:
    if 0:
        last = 1
