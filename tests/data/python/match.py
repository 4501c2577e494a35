# `match`: chains of cases, guards, the trailing wildcard, and cases that never come to an end.
match command:
    case "go" | "run":
        go()
    case [x, y] if x > y:
        pass
    case {"key": value, **rest}:
        raise KeyError
    case Point(x=0, y=0) | None:
        f(x,
          y)
    case _:  # pragma: no cover
        never()
after = 1


def f(x):
    match x:
        case 1:
            return 1
        case (a, *b):
            for i in b:
                match i:
                    case 2 if 0:
                        dead()
                    case c:
                        continue
        case everything:
            return 2
    unreachable = 1
