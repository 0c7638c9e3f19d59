"""The fictional person a card is issued to."""

from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple

JAPAN = timezone(timedelta(hours=9), "JST")


# Card: notes 6.3; the code of an era from its first day on
ERAS = (
    ("5", date(2019, 5, 1)),  # Reiwa
    ("4", date(1989, 1, 8)),  # Heisei
    ("3", date(1926, 12, 25)),  # Showa
    ("2", date(1912, 7, 30)),  # Taisho
    ("1", date(1868, 1, 25)),  # Meiji
)
UNKNOWN_ERA = "0"


class Person(NamedTuple):
    """What the certificates say about the holder; everything is invented."""

    name: str = "試験　太郎"  # U+3000 between family name and given name
    birth_date: date = date(1980, 4, 1)
    sex: str = "1"  # Card: notes 6.3: 1 male, 2 female, 3 unknown
    address: str = "架空県模擬市見本町一丁目２番３号"
    prefecture: str = "Kakuu-ken"
    municipality: str = "Mogi-shi"
    municipality_code: str = "00000"

    @property
    def birth_text(self) -> str:
        """EYYYYMMDD. Card: notes 6.3"""
        return _era(self.birth_date) + self.birth_date.strftime("%Y%m%d")


def _era(day: date) -> str:
    return next((code for code, first in ERAS if day >= first), UNKNOWN_ERA)


def last_moment(person: Person, issued: datetime) -> datetime:
    """The end of the fifth birthday after issue, Japanese time. Card: notes 6.3"""
    day = issued.astimezone(JAPAN).date()
    birthdays = (_birthday(person, year) for year in range(day.year, day.year + 7))
    fifth = [birthday for birthday in birthdays if birthday > day][4]
    return datetime.combine(fifth, time(23, 59, 59), JAPAN)


def _birthday(person: Person, year: int) -> date:
    try:
        return person.birth_date.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 2, 28)
