# Statements over several lines, several statements on a line, strings, f-strings, comprehensions, continued lines.
a = f(
    1,  # comment
    2,
)
b = 1; c = 2; d = (
    3)
e = """
text
""" + f"""{
    a
} {b!r:>{c}}"""
g = [
    x
    for x in y
    if x
]
h = 1 + \
    2
if (a and
        b): i = 1
else: j = 2
if a: pass
del (
    a
)
lambda: (
    1
)
k = {
    **a,
    'b': [i for i in
          c],
}
for l in (1,
          2): m = l
