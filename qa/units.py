"""Units of measure by what they measure, so that a length in miles can stand beside one in kilometres."""

from __future__ import annotations

import re
from functools import lru_cache

from qa.words import stem

_UNITS = {
    "length": "mm millimetre millimeter .001 | cm centimetre centimeter .01 | m metre meter 1 | km kilometre kilometer 1000 | "
    "ft foot feet .3048 | in inch .0254 | yd yard .9144 | mi mile 1609.34 | fathom 1.8288 | league 4828",
    "area": "ha hectare 10000 | acre 4046.86 | km² 1e6 | m² 1",
    "weight": "mg milligram 1e-6 | g gram gramme .001 | kg kilo kilogram kilogramme 1 | lb lbs pound .4536 | oz ounce .02835 | "
    "t ton tonne 1000",
    "volume": "ml millilitre milliliter .001 | l litre liter 1 | gallon 3.785 | barrel 159",
    "time": "second 1 | minute 60 | hour 3600 | day 86400 | night 86400 | week 604800 | fortnight 1209600 | month 2629800 | "
    "year 31557600 | season 31557600 | decade 315576000 | century 3155760000",
    "speed": "knot 1.852 | km/h kph 1 | mph 1.609",
    "heat": "°c celsius 1 | °f fahrenheit 1",
    "data": "kb kilobyte 1e3 | mb megabyte 1e6 | gb gigabyte 1e9 | tb terabyte 1e12",
    "power": "watt 1 | kw kilowatt 1e3 | mw megawatt 1e6 | gw gigawatt 1e9 | horsepower hp 745.7",
    "share": "% percent 1",
}
_MONEY = (
    "dollar usd $ us$ | euro eur € | pound gbp sterling £ | yen ¥ | franc | mark | crown | krone kroner krona kronor | guilder florin | "
    "ruble rouble | lira lire | peso | rupee | yuan | shilling | ducat | thaler | zloty | cent | real reais | rand | won | dinar | riyal"
)


@lru_cache(maxsize=1)
def units() -> dict[str, tuple[str, str, float]]:
    """Stem of a unit → (what it measures, its first name, how many of the dimension's base unit it is)."""
    table = {}
    for dimension, groups in _UNITS.items():
        for group in groups.split("|"):
            *names, factor = group.split()
            for name in names:
                table[stem(name)] = table[name] = (dimension, names[0], float(factor))
    for group in _MONEY.split("|"):
        names = group.split()
        for name in names:
            known = table.get(name)
            table[stem(name)] = table[name] = ("weight or money", name, known[2]) if known else ("money", names[0], 1.0)
    return table


ASKED = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), dimensions)
    for pattern, dimensions in (
        (r"how (?:far|high|tall|deep|wide|broad|thick)|distance|height|depth|width|altitude|elevation", ("length",)),
        (r"how long (?:did|does|do|has|have|had|will|until|ago)|duration", ("time",)),
        (r"how long|what length", ("length", "time")),
        (r"how old|at what age|what age", ("age",)),
        (r"how (?:heavy)|weigh|what weight", ("weight",)),
        (r"how (?:fast)|speed", ("speed",)),
        (r"how (?:hot|cold)|temperature", ("heat",)),
        (r"per ?cent(?:age)?|share|proportion|turnout|what fraction", ("share",)),
        (r"costs?|budget|price|salary|how much money|paid?|spend|spent|earn(?:ed)?|revenue|fine|worth|fee", ("money",)),
        (r"how (?:much|large|big)|what (?:area|size)", ("money", "weight", "volume", "area", "length", "data", "power", "share")),
    )
)
"""What a question asks to be measured, the first pattern that fits; "age" is a time in years, its unit often left out."""


def unit_of(word: str) -> tuple[str, str, float] | None:
    """(dimension, name, factor) of a folded word or its stem."""
    return units().get(word) or units().get(stem(word))
