"""What it costs to send."""


def cost(total, country):
    if total > 5000:
        return 0
    match country:
        case "DE":
            return 490
        case "AT" | "CH":
            return 990
        case _:
            if total < 1000:
                return 2990
            return 1990


def days(country, express=False):
    days = 2 if country == "DE" else 5
    while express and days > 1:
        days -= 1
    return days
