"""What is bought."""


class Basket:
    def __init__(self):
        self.items = []

    def add(self, name, price, count=1):
        if count < 1:
            raise ValueError("count")
        self.items.append((name, price, count))

    def total(self, member=False):
        total = sum(price * count for _, price, count in self.items)
        if member:
            total -= total // 10
        return total

    def is_empty(self):
        return not self.items
