import os

import pytest
from shop.shipping import cost, days


@pytest.mark.parametrize(("total", "country", "expected"), [(6000, "DE", 0), (100, "DE", 490), (100, "CH", 990)])
def test_cost(total, country, expected):
    assert cost(total, country) == expected


def test_far():
    assert cost(1000, "JP") == 1990


def test_express():
    assert days("DE", express=True) == 1
    assert os.environ.get("BREAK") != "shipping"
