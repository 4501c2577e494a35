import pytest

from shop.cart import Cart
from shop.orders.pricing import Till, rate


@pytest.mark.parametrize("count", range(1, 13))
def test_add(count):
    assert Cart().add("tea", count).count == count


def test_add_nothing():
    with pytest.raises(ValueError):
        Cart().add("tea", 0)


def test_checkout():
    cart = Cart("Ada")
    cart.add("tea", 2)
    assert cart.checkout() == 2.5
    assert cart.describe() == "Ada's cart"
    assert cart.discount() == 0.0


def test_rate():
    with pytest.raises(ValueError):
        rate("much")


def test_till():
    with Till() as till:
        till.ring(1)
    assert till.last == 1
