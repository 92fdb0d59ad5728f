"""What must hold of clubs and vouchers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations

from centre.school.faults import Findings
from centre.school.lines import ClubLine, ClubTimeLine, VoucherLine
from centre.school.rows import School, grouped, once, overlapping, turned

CLUBS_MAX, VOUCHERS_MAX, TIMES_MAX = 200, 20_000, 50


def check(school: School, findings: Findings) -> None:
    if school.clubs is None:
        for file, rows in (("club_times.csv", school.club_times), ("vouchers.csv", school.vouchers)):
            if rows:
                findings.fault(file, 0, "", "", "is there, and clubs.csv is not", "Add clubs.csv, even if it is empty.")
        return
    times = grouped(turned("club_times.csv", school.club_times, ("starts", "ends"), findings), lambda row: row.club)
    clubs = {row.club: row for row in school.clubs}
    _clubs(school, school.clubs, times, findings)
    _times(school, clubs, times, findings)
    sound = _vouchers(school, clubs, findings)
    for rows in grouped(sound, lambda row: row.pupil).values():
        _one_place(rows, times, findings)
    for club in school.clubs:
        _places(club, [one for one in sound if one.club == club.club and not one.elsewhere], findings)


def _clubs(school: School, clubs: list[ClubLine], times: dict[str, list[ClubTimeLine]], findings: Findings) -> None:
    once("clubs.csv", "club", clubs, lambda row: row.club, findings)
    if len(clubs) > CLUBS_MAX:
        findings.fault("clubs.csv", 0, "", len(clubs), f"has more than {CLUBS_MAX} clubs", "Is this one school?")
    for row in clubs:
        found = times.get(row.club, [])
        if not 1 <= len(found) <= TIMES_MAX and school.whole("club_times.csv"):
            what = f"has not 1 to {TIMES_MAX} times in club_times.csv"
            do = "Write on which weekday it meets, from when to when."
            findings.fault("clubs.csv", row.line, "club", row.club, what, do)
        longest = max((_minutes(time) for time in found), default=row.minimum_min)
        if longest < row.minimum_min:
            what = f"is longer than the club ever meets, {longest} minutes: no visit would count"
            findings.fault("clubs.csv", row.line, "minimum_min", row.minimum_min, what, "Write a shorter time.")


def _times(school: School, names: Collection[str], times: dict[str, list[ClubTimeLine]], findings: Findings) -> None:
    for time in school.club_times:
        if time.club not in names and school.whole("clubs.csv"):
            do = "Correct the name, or add the club."
            findings.fault("club_times.csv", time.line, "club", time.club, "is no club of clubs.csv", do)
    for rows in times.values():
        for day in grouped(rows, lambda row: row.weekday).values():
            for one, other in overlapping(day, lambda row: row.starts, lambda row: row.ends):
                if other.starts < one.ends:
                    what = f"begins before the time of line {one.line} ends"
                    findings.fault("club_times.csv", other.line, "starts", other.starts, what, "Join the two lines.")


def _minutes(time: ClubTimeLine) -> int:
    begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in (time.starts, time.ends))
    return end - begin


def _vouchers(school: School, clubs: Mapping[str, ClubLine], findings: Findings) -> list[VoucherLine]:
    """Those whose days are sound."""
    file, pupils = "vouchers.csv", {row.pupil for row in school.pupils}
    once(file, "voucher", school.vouchers, lambda row: row.voucher, findings)
    if len(school.vouchers) > VOUCHERS_MAX:
        findings.fault(file, 0, "", len(school.vouchers), f"has more than {VOUCHERS_MAX} lines", "Is this one school?")
    for row in school.vouchers:
        if row.pupil not in pupils and school.whole("pupils.csv"):
            do = "Add the pupil, or take the voucher away."
            findings.fault(file, row.line, "pupil", row.pupil, "is nobody of pupils.csv", do)
        if row.club not in clubs and not row.elsewhere and school.whole("clubs.csv"):
            do = "Correct it; or, if it is a club of another school, write `yes` in `elsewhere`."
            findings.fault(file, row.line, "club", row.club, "is no club of clubs.csv", do)
    return turned(file, school.vouchers, ("first", "last"), findings)


def _one_place(rows: list[VoucherLine], times: dict[str, list[ClubTimeLine]], findings: Findings) -> None:
    """One child, one place: no two vouchers that call a child to two clubs at one time."""
    for one, other in combinations(sorted(rows, key=lambda row: row.line), 2):
        if other.first > one.last or one.first > other.last:
            continue
        if one.club == other.club and one.elsewhere == other.elsewhere:
            what = f"is the second voucher for {one.club} in these days: line {one.line}"
        elif not one.elsewhere and not other.elsewhere and (when := _at_once(times, one.club, other.club)):
            what = f"is at one time with {one.club} of line {one.line}: {when}"
        else:
            continue
        do = "One child has one place: take one of the vouchers back, or let it begin when the other ends."
        findings.fault("vouchers.csv", other.line, "club", other.club, what, do)


def _at_once(times: dict[str, list[ClubTimeLine]], one: str, other: str) -> str:
    """When two clubs meet at one time; empty if they never do."""
    for a in times.get(one, []):
        for b in times.get(other, []):
            if a.weekday == b.weekday and a.starts < b.ends and b.starts < a.ends:
                return f"weekday {a.weekday}, {max(a.starts, b.starts)}"
    return ""


def _places(club: ClubLine, rows: list[VoucherLine], findings: Findings) -> None:
    """More vouchers than places, on the first day when it is so."""
    steps = sorted([(row.first, 0, 1) for row in rows] + [(row.last, 1, -1) for row in rows])
    valid = 0
    for day, _, step in steps:
        valid += step
        if valid > club.places:
            what = f"has {valid} vouchers on {day}, and {club.places} places"
            findings.remark(
                "clubs.csv", club.line, "places", club.places, what, "Raise it, if the room and the law allow."
            )
            return
