# `with`: the way out leads over the `with` line, also out of nested ones, and exceptions may be swallowed.
with open(a) as b, open(c):
    x = 1
with (
    open(a) as b,
    open(c) as d,
):
    with e:
        if x:
            y = 1
        else:
            raise E
with f:
    raise E
g = 1


async def h():
    async with a as b:
        async for i in b:
            if i:
                return
            await j
    for k in l:
        with m:
            continue
