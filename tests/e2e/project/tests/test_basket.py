import pytest
from shop.basket import Basket


def test_total():
    basket = Basket()
    basket.add("tea", 450, 2)
    assert basket.total() == 900


def test_member():
    basket = Basket()
    basket.add("pot", 2000)
    assert basket.total(member=True) == 1800


def test_count():
    with pytest.raises(ValueError):
        Basket().add("tea", 450, 0)
