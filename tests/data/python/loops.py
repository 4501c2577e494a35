# Loops: `else`, constant tests, `break` and `continue`, and loops that never end.
for a in b:
    if a:
        break
    elif c:
        continue
    d = 1
else:
    e = 1
while f:
    pass
while True:
    if g:
        break
else:
    never = 1
while 1:
    h()


def i():
    while True:
        pass
    for j in k:
        return j
