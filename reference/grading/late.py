"""What lateness costs: [late] of an assignment.

[late]
due = 2026-10-01T23:59:00Z   # without a zone it is taken as UTC
percent = 10                 # of the points, for each day begun
days = 3                     # later ones count for nothing; left out: no such end
"""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

DAY = 24 * 60 * 60
KEYS = ("due", "percent", "days")


class Rules(NamedTuple):
    """[late], checked."""

    due: datetime  # in UTC
    percent: Fraction
    days: int | None
    naive: bool  # whether due came without a zone


def rules(table: dict[str, Any]) -> Rules | None:
    """[late] of an assignment; None if it is empty. Errors: ValueError with what was expected."""
    if not table:
        return None
    for key in table:
        if key not in KEYS:
            raise ValueError(f"[late] has {key!r}, expected any of: {', '.join(KEYS)}")
    for key in ("due", "percent"):
        if key not in table:
            raise ValueError(f"[late] has no {key}, expected due, percent and, if wanted, days")
    due, percent, days = table["due"], table["percent"], table.get("days")
    if not isinstance(due, datetime):
        kind = f"the date {due}" if isinstance(due, date) else repr(due)
        raise ValueError(
            f"[late] due is {kind}, expected a date and time, without quotes: 2026-10-01T23:59:00Z"
        )
    if not _is_number(percent) or not 0 <= percent <= 100:
        raise ValueError(f"[late] percent is {percent!r}, expected a number from 0 to 100")
    if days is not None and (type(days) is not int or days < 0):
        raise ValueError(f"[late] days is {days!r}, expected a whole number, 0 or more")
    try:
        return Rules(_in_utc(due), Fraction(str(percent)), days, due.tzinfo is None)
    except OverflowError:
        raise ValueError(f"[late] due is {due}, expected a date of this age") from None


def penalty(assignment: Any, submitted: datetime | None) -> tuple[float, str]:
    """The share of the points that is kept, 0 to 1, and why in words; "" where there is no [late].

    Whole seconds count: what comes in the second of the due time is on time, one second later is a
    day begun. A time without a zone is taken as UTC.
    Errors: ValueError for a [late] that says nothing clear.
    """
    known = rules(assignment.late)
    if known is None:
        return 1.0, ""
    if submitted is None:
        return 1.0, "when it was handed in is not known: nothing is taken off"
    unclear = [
        name
        for name, naive in (("due", known.naive), ("submitted", submitted.tzinfo is None))
        if naive
    ]
    note = f" ({' and '.join(unclear)} without a time zone, taken as UTC)" if unclear else ""
    # Both in UTC: within one zone Python subtracts clocks, not time, and an hour changes hands.
    behind = _in_utc(submitted).replace(microsecond=0) - known.due.replace(microsecond=0)
    seconds = behind.days * DAY + behind.seconds
    if seconds <= 0:
        return 1.0, f"on time{note}"
    begun = -(-seconds // DAY)
    how = f"{_spelled(seconds)} late"
    if known.days is not None and begun > known.days:
        end = "no late day is allowed" if not known.days else f"{_days(known.days)} are allowed"
        end = end.replace("1 day are", "1 day is")
        return 0.0, f"{how}: {end}, so no points are kept{note}"
    share = max(Fraction(0), 1 - begun * known.percent / 100)
    off = f"{float(100 * (1 - share)):g} % of the points off"
    return float(share), f"{how}, {_days(begun)} begun: {off}{note}"


def _in_utc(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _spelled(seconds: int) -> str:
    """1 day 2 h, 3 h 5 min, 12 s: the two largest parts."""
    days, rest = divmod(seconds, DAY)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, _days(days)), (hours, f"{hours} h"), (minutes, f"{minutes} min")]
    parts.append((rest, f"{rest} s"))
    return " ".join([text for count, text in parts if count][:2])
