"""Days and times as people read them: in Japan's time, in the form of the user's language."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from pyjpki11.cli.language import N_, _, is_japanese

#: The card's dates mean Japanese time: a certificate ends at midnight there.
JAPAN = timezone(timedelta(hours=9), "JST")

#: Era -> its name, its first day. Card: notes 6.3
ERAS = {
    "meiji": (N_("Meiji"), date(1868, 1, 25)),
    "taisho": (N_("Taisho"), date(1912, 7, 30)),
    "showa": (N_("Showa"), date(1926, 12, 25)),
    "heisei": (N_("Heisei"), date(1989, 1, 8)),
    "reiwa": (N_("Reiwa"), date(2019, 5, 1)),
}


def day(moment: date) -> str:
    """A day; of a datetime, which has to be aware, the one that it is in Japan."""
    local = moment.astimezone(JAPAN) if isinstance(moment, datetime) else moment
    return _("{year:04}-{month:02}-{day:02}", year=local.year, month=local.month, day=local.day)


def time(moment: datetime) -> str:
    """A day with its time, which is Japan's; as many digits whatever the day, as in a log."""
    local = moment.astimezone(JAPAN)
    facts = {"year": local.year, "month": local.month, "day": local.day, "time": local.strftime("%H:%M:%S")}
    return _("{year:04}-{month:02}-{day:02} {time} JST", **facts)


def birth(born: date, era: str = "") -> str:
    """A day of birth with the year of an era, the one of that day unless another is named."""
    era = era or next((name for name, (_title, first) in reversed(ERAS.items()) if first <= born), "")
    if era not in ERAS:
        return day(born)
    title, first = ERAS[era]
    year = born.year - first.year + 1
    first_or_number = "元" if year == 1 and is_japanese() else year
    return _("{day} ({era} {year})", day=day(born), era=_(title), year=first_or_number)
