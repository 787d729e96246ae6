"""When two numbers cannot both be right: ranges, bounds and roundings fit what they hold, and units are converted first."""

from __future__ import annotations

import math

from qa.values import Value

ROUND = 0.1
"""What "about" allows on each side, as a share of the figure."""
ROUNDED = 0.03
"""How far a round figure without such a word may be from the exact one that it stands for …"""
CONVERTED = 0.06
"""… and two figures in different units of one dimension."""


def apart(one: Value, other: Value) -> bool:
    """Whether no number fits both; two bounds of one kind are apart where their figures are, unless one is a round guess."""
    if comparable(one, other) is False:
        return False
    if one.bound == other.bound and one.bound in ("above", "below"):
        return (one.low * one.factor, one.high * one.factor) != (
            other.low * other.factor,
            other.high * other.factor,
        )
    (a, b), (c, d) = _range(one), _range(other)
    if a <= d and c <= b:
        return False
    return not (_rounds(one, other) or _rounds(other, one))


def comparable(one: Value, other: Value) -> bool:
    """Whether two numbers measure the same: things, or one dimension; money only in one currency."""
    if not (set(one.dimension.split(" or ")) & set(other.dimension.split(" or "))):
        return False
    return one.dimension != "money" or one.unit == other.unit


def _range(value: Value) -> tuple[float, float]:
    low, high = value.low * value.factor, value.high * value.factor
    if value.bound == "about":
        return low * (1 - ROUND), high * (1 + ROUND)
    return (-math.inf if value.bound == "below" else low), (math.inf if value.bound == "above" else high)


def _rounds(rough: Value, fine: Value) -> bool:
    """Whether a number is another one rounded: 4.2 million for 4,213,000, 100 km for 62 miles, three months for twelve weeks."""
    one, other = rough.low * rough.factor, fine.low * fine.factor
    if rough.low != rough.high or fine.low != fine.high or not one or not other:
        return False
    away = abs(one - other) / max(abs(one), abs(other))
    if rough.unit != fine.unit and rough.dimension:
        return away <= (0.1 if rough.dimension == "time" else CONVERTED)
    return away <= ROUNDED and _zeros(one) >= 2 and _zeros(other) < _zeros(one)


def _zeros(number: float) -> int:
    """How many zeros a whole number ends with."""
    digits = f"{number:.0f}"
    return len(digits) - len(digits.rstrip("0"))
