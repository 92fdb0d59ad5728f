"""Every fact that the source raises is told in every language, and each place of it in the reader's manner."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from agent.firmware import wanted
from agent.ledger.lines import COUNTS_IN
from agent.texts import LANGUAGES, load_texts
from agent.texts.facts import (
    AS_THEY_ARE,
    FIRMWARE,
    FOLDER,
    FOUND,
    HELP,
    PLACE,
    SECTIONS,
    SETTINGS,
    WELL,
    WORDS,
    Template,
    Templates,
    file_of,
    settings,
    templates,
)
from drivers import cards
from drivers.readings import CardForm
from drivers.sensors.profile import HOW
from tests.agent.texts.advised import advised, meanings
from tests.agent.texts.discovered import discovered, said
from tests.agent.texts.instructed import ROOT_FOLDER, instructed, said_by
from tests.agent.texts.raised import GAP, raised, texts

AUDIT, FINDING = "agent/audit/", "A-111"  # from this code on its facts are texts already: [finding] of the files
SHARE, SHORT = 0.6, 8  # of a fact's literals that its template must have itself, else it is no template of this fact
PROFILE = "drivers/sensors/profile.py"
AT_KEY = " - at `"  # the end of what a profile says: where
SHARE_OF_A_COMMAND = 0.15  # `Run it as root: {command}`
FILES = sorted(FOLDER.glob("*.toml"))
LEAST = 400  # facts that are raised: fewer, and reading the source has gone wrong
LEAST_ADVICE, LEAST_SETTINGS, LEAST_FOUND, LEAST_INSTRUCTIONS = 80, 100, 15, 30
COMPUTED = {  # templates of facts that no single text of the source shows
    "Write {name} = {choice}: {means}.",  # of a setting: agent/strict.py
    "the clock was set by {off} s, at {at}",  # agent/doctor/history.py says when
    "the agent was ended by force, or fell by itself, at {at}",
    "the power went, or the box was reset, at {at}",
    "the certificate expires in {days} days and is not renewed: {fact}",  # agent/enrolment/renewal.py says why
    "the certificate expired on {until} and is not renewed: {fact}",
    *("{what}: not told", "{what}: not decided", "{what}: no reason"),  # words of agent/incidents/life.py
    *("{what}: already confirmed", "{what}: already dismissed", "{what}: already closed"),
    "{size}, {epochs} epochs, schema {version}, whole",  # in two parts, as the one of agent/cli/ledger.py
    *("{name}: seconds from 0 to 3600", "{name}: more than 0 and at most 1000 a week"),  # said to argparse
    *(
        "{name}: more than 0 and at most {n}: no more are kept",
        "{name}: {text}: write a number and m, h or d, such as 12h",
    ),
    "camera (ONVIF), {text}",  # its codec: drivers/discovery/rtsp.py
    "{name}: exit code {n}",  # where a program says nothing: scripts/deb/update_version.py
    *(  # of a network: drivers/discovery/hosts.py
        "{name}: {text} is no network; write it like 192.168.1.0/24",
        "{name}: {text} is too large: at most /{n}, such as {id}",
        "{name}: {text} is not a private network: this looks at the school's own network only",
    ),
    "Did you mean {word}? `{name} --help` shows what may be written.",
    "the ledger has not grown from that checkpoint: {signed} leaves were signed, "
    "and the last checkpoint here has {here}",
}


def rows() -> list[tuple[str, str, dict[str, str]]]:
    documents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES]
    return [(code, *row) for document in documents for code, table in document.items() for row in table.items()]


def is_told(code: str, fact: str, share: float = SHARE) -> bool:
    literal = len(fact.replace(GAP, ""))
    known = templates(file_of(code)).get(code or WELL, ())
    return any(
        one.pattern.fullmatch(shape) and (literal < SHORT or one.literal >= share * literal)
        for one in known
        for shape in shapes(fact)
    )


def shapes(fact: str) -> tuple[str, ...]:
    """Whose it is may be said with it or where it is shown."""
    return fact, f"{GAP}: {fact}", fact.removeprefix(f"{GAP}: ")


def test_every_fact_that_is_raised_is_told() -> None:
    facts = [one for one in raised() if one[1] and not (one[2].startswith(AUDIT) and min(one[0] - {""}) >= FINDING)]
    untold = [
        f"{where}: {'/'.join(sorted(codes))} {fact.replace(GAP, '{}')}"
        for codes, fact, where in facts
        if not any(is_told(code, fact) for code in codes)
    ]
    assert untold == []
    assert len(facts) > LEAST


def test_every_fact_that_is_told_is_raised() -> None:
    by_code: dict[str, set[str]] = {}
    for code, text, _where in advised():
        by_code.setdefault(code, set()).add(text)
    for codes, fact, _where in raised():
        for code in codes:
            by_code.setdefault(code or WELL, set()).update(shapes(fact))
    by_code[FIRMWARE] = set(reasons())
    by_code["G-120"] |= {text for text, _where in said_by(ROOT_FOLDER, "Refused")}
    by_code["S-110"] |= {*HOW.values(), *(text.rpartition(AT_KEY)[0] for text, _ in said_by(PROFILE, "ValueError"))}
    by_code[FOUND] = {text for text, _where in discovered()}
    seen = texts()
    stale = set()
    for code, english, told in rows():
        fits = Template(english, told).pattern.fullmatch
        known = code in (WORDS, HELP, SETTINGS) or any(map(fits, by_code.get(code, ())))
        if not known and not any(map(fits, seen)):
            stale.add(english)
    assert stale == COMPUTED


def test_every_instruction_is_told_by_its_code_or_by_itself() -> None:
    document = tomllib.loads((FOLDER.parent / "ru.toml").read_text(encoding="utf-8"))
    said = [one for one in instructed() if one[0] not in document["instruction"]]
    untold = [f"{where}: {code} {do}" for code, do, where in said if not is_told(code, do, share=SHARE_OF_A_COMMAND)]
    assert untold == []
    assert len(said) > LEAST_INSTRUCTIONS


@pytest.mark.parametrize(
    ("code", "folder", "errors"),
    [
        (WELL, "agent/bundle/", ["Missing"]),
        ("S-110", PROFILE, ["ValueError"]),
        ("G-120", "agent/updates/", ["FetchError"]),
        ("G-120", ROOT_FOLDER, ["Refused"]),
        (WORDS, "agent/ledger/", ["NoteError"]),
        (WORDS, "agent/audit/", ["NoteError", "ValueError"]),
    ],
)
def test_what_an_error_within_a_fact_says_is_told(code: str, folder: str, errors: list[str]) -> None:
    said = [(text.rpartition(AT_KEY)[0] or text, where) for text, where in said_by(folder, *errors)]
    assert [f"{where}: {text}" for text, where in said if text.strip(f"{GAP}: ") and not is_told(code, text)] == []
    assert len(said) > 1


def reasons() -> list[str]:
    """Why each line of the Pi's own files is wanted."""
    return [line.why for path in sorted(wanted.folder().iterdir()) for line in wanted.read(path.name)]


def test_every_reason_of_a_line_of_the_pis_own_files_is_told() -> None:
    assert [why for why in reasons() if not why.startswith("/") and not is_told(FIRMWARE, why)] == []
    assert len(reasons()) > LEAST_FOUND


def test_whatever_may_be_written_into_a_profile_is_told() -> None:
    assert [text for text in HOW.values() if not is_told("S-110", text, share=SHARE_OF_A_COMMAND)] == []


@pytest.mark.parametrize("kind", COUNTS_IN)
def test_every_kind_of_a_statements_line_is_told(kind: str) -> None:
    assert load_texts("kk").word("ledger_line.", kind) != kind


@pytest.mark.parametrize("form", CardForm)
def test_every_way_to_print_a_card_is_told(form: CardForm) -> None:
    names = cards.printed(form, "0" * cards.HEX_DIGITS[form])
    assert [name for name in names if name != "IronLogic" and not load_texts("ru").knows(f"printed.{name}")] == []


NOT_TRANSLATED = ("pyserial", "ONVIF")  # names


def test_whatever_discovery_may_call_a_thing_is_told() -> None:
    texts = list(discovered())
    left = re.compile(rf"{'|'.join(NOT_TRANSLATED)}|[^A-Za-z]")
    assert [f"{where}: {text}" for text, where in texts if left.sub("", text) and not is_told(FOUND, text)] == []
    assert len({text for text, _where in texts}) > LEAST_FOUND


def test_a_name_of_a_thing_that_nobody_can_read_from_the_source_is_refused() -> None:
    for value in ("named(port)", "f'{named(port)}, unit 1'", "one or named(port)"):
        with pytest.raises(AssertionError, match=r"named\(port\)"):
            list(said(ast.parse(value, mode="eval").body, {}))


def test_all_that_a_check_of_the_configuration_says_is_told() -> None:
    said = list(advised())
    assert [f"{where}: {code} {text}" for code, text, where in said if not is_told(code, text)] == []
    assert len(said) > LEAST_ADVICE


def test_every_setting_is_told_and_no_other() -> None:
    meant = meanings()
    assert meant == set(settings())
    assert len(meant) > LEAST_SETTINGS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fact_reads_in_every_language(path: Path) -> None:
    for table in tomllib.loads(path.read_text(encoding="utf-8")).values():
        for english, told in table.items():
            assert {"ru", "kk"} <= set(told) <= set(LANGUAGES), english
            for text in told.values():
                assert set(re.findall(r"\{(\w+)", text)) <= set(PLACE.findall(english)), english


def test_a_code_stands_in_the_file_of_its_letter() -> None:
    for path in FILES:
        codes = set(tomllib.loads(path.read_text(encoding="utf-8")))
        assert codes == {path.stem} or {code[0] for code in codes} == {path.stem}


@pytest.mark.parametrize(
    ("language", "code", "what", "told"),
    [
        ("en", "P-104", "/dev/a went away: it hung up", "/dev/a went away: it hung up"),
        ("ru", "R-404", "/dev/a went away: it hung up", "/dev/a пропал: оборвал связь"),
        ("kk", "P-101", "/dev/a is not there", "/dev/a: мұндай порт жоқ"),
        ("ru", "P-101", "gate: /dev/a is not there", "gate: /dev/a: такого порта нет"),
        ("ru", "H-114", "the file system of sda1 has counted 2 errors", "файловая система sda1 насчитала 2 ошибки"),
        ("en", "H-114", "the file system of sda1 has counted 1 errors", "the file system of sda1 has counted 1 error"),
        ("ru", "H-144", "the line is slow: centre took 1.5 s to answer", "линия медленная: centre отвечал 1,5 с"),
        ("ru", "H-111", "only 1.2 GB of 3.0 GB are free on /", "на / свободно лишь 1,2 ГБ из 3,0 ГБ"),
        ("ru", "H-145", "the box's certificate ends in 3 days, on 2026-12-01",
         "сертификат коробки: кончается через 3 дня, 01.12.2026"),
        ("ru", "N-120", "the certificate expires in 21 days and is not renewed: N-102 a:1 does not answer",
         "сертификат кончается через 21 день и не продлевается: N-102 a:1 не отвечает"),
        ("ru", "H-172", "loop-1 hall: its wire is cut", "loop-1 hall: обрыв провода"),
        ("ru", "X-205", "gate is no sensor of this box", "gate — не датчик этой коробки"),
        ("ru", "D-101", "/a cannot be made: [Errno 13] Permission denied: '/b'",
         "/a не удалось создать: /b: нет доступа"),
        ("ru", "", "none", "нет"),
        ("ru", "", "camera: working, 3 readings", "camera: работает, 3 чтения"),
        ("ru", "", "gate: failed, 1 readings", "gate: ОТКАЗ, 1 чтение"),
        ("ru", "", "active, started with the box", "работает, запускается вместе с коробкой"),
        ("ru", "", "loop: 2.61 V: active", "loop: 2,61 В: СРАБОТАЛ"),
        ("kk", "", "loop: 2.61 V: active", "loop: 2,61 В: ІСКЕ ҚОСЫЛДЫ"),
        ("ru", "", "2.25 V: idle", "2,25 В: в покое"),
        ("en", "", "2.61 V: active", "2.61 V: active"),
        ("ru", "X-004", "--scan: x is no network; write it like 192.168.1.0/24",
         "--scan: x — не сеть; пишите так: 192.168.1.0/24"),
        ("kk", "X-004", "--scan: 10.0.0.0/8 is too large: at most /22, such as 192.168.0.0/22",
         "--scan: 10.0.0.0/8 тым үлкен: ең көбі /22, мысалы 192.168.0.0/22"),
        ("kk", "X-004", "--scan: 8.8.8.0/24 is not a private network: this looks at the school's own network only",
         "--scan: 8.8.8.0/24 — жеке желі емес: тек мектептің өз желісінен ізделеді"),
        ("ru", "A-102", "'xx' is no key that can be used: '' is not how base64 is written",
         "ключ 'xx' не годится: '' — так base64 не пишут"),
        ("ru", "R-301", "the PC/SC service does not answer: the service: Service not available",
         "служба PC/SC не отвечает: служба недоступна"),
        ("ru", "S-110", "/x.toml: most: Expected int, got str", "/x.toml: most: это str, а нужно int"),
        ("kk", "S-110", "/x.toml: the file: is missing", "/x.toml: файл: жетіспейді"),
        ("ru", "S-110", 'Write words = "smoke": what people read.', 'Напишите `words = "дым"` — что читают люди.'),
        ("ru", "", "clock.txt: timedatectl ended with 1", "clock.txt: timedatectl завершилась с кодом 1"),
        ("ru", "", "online, no receipt yet", "на связи, квитанций ещё нет"),
        ("ru", "D-126", "lane record holds 9 MB, over its quota", "поток «записи» занимает 9 МБ, больше своей квоты"),
        ("ru", "V-301", "fire at fire failed by itself: timed out",
         "внутренний сбой детектора «огонь» на fire: нет ответа"),
        ("ru", "U-126", "no panel of this box names zone fire", "зоны fire нет ни у одной панели этой коробки"),
        ("ru", "X-204", "none is no moment", "none — не время"),
        ("ru", "U-124", "no incident none is open", "открытого происшествия none нет"),
        ("ru", "N-110", "this box is enrolled already: as none, by another boot file",
         "эта коробка уже зарегистрирована: как none, по другому файлу загрузки"),
        ("ru", "N-101", "/boot/mektep.toml: C-103 school: does not have the form that is wanted (and 2 more)",
         "/boot/mektep.toml: C-103 school: записано не так, как нужно (и ещё 2)"),
        ("ru", "N-107", 'the boot file\'s config: C-103 reader[0].baud = "x": is empty (and 1 more)',
         'config в файле загрузки: C-103 reader[0].baud = "x": пусто (и ещё 1)'),
        ("kk", "N-101", "a.toml: C-102 school: is missing", "a.toml: C-102 school: жетіспейді"),
        ("ru", "V-406", "reader is one word too many", "reader — лишнее слово"),
        ("ru", "V-113", "gate: it can be neither shown live nor filmed: FFmpeg has no H.264 encoder here",
         "gate: камеру нельзя ни показать напрямую, ни записать: в FFmpeg нет кодировщика H.264"),
        ("ru", "D-001", "the agent does not run; its last sign of life: 2001-99-99T00:00:00Z",
         "агент не работает; последний признак жизни: 2001-99-99T00:00:00Z"),
        ("en", "D-001", "the agent does not run; its last sign of life: 0000-01-01T00:00Z",
         "the agent does not run; its last sign of life: 0000-01-01T00:00Z"),
        ("ru", "H-145", "the box's certificate ends in 3 days, on 2026-02-30",
         "сертификат коробки: кончается через 3 дня, 2026-02-30"),
        ("kk", "Z-999", "something new", "something new"),
        ("ru", "P-104", "a fact of a newer agent", "a fact of a newer agent"),
    ],
)  # fmt: skip
def test_a_fact_is_told(language: str, code: str, what: str, told: str) -> None:
    assert load_texts(language).fact(code, what) == told


@pytest.mark.parametrize(
    ("what", "russian", "kazakh"),
    [
        ("ttyAMA0: UART of the board", "ttyAMA0: UART платы", "ttyAMA0: платаның UART порты"),
        ("SYC ID&IC USB Reader (keyboard)", "SYC ID&IC USB Reader (клавиатура)", "SYC ID&IC USB Reader (пернетақта)"),
        ("smoke board, 9600 baud, ttyAMA0: UART of the board", "плата датчиков дыма, 9600 бод, ttyAMA0: UART платы",
         "түтін датчиктерінің платасы, 9600 бод, ttyAMA0: платаның UART порты"),
        ("em4100, 9600 baud, ttyUSB0: FT232R USB UART (FTDI), A50285BI",
         "em4100, 9600 бод, ttyUSB0: FT232R USB UART (FTDI), A50285BI",
         "em4100, 9600 бод, ttyUSB0: FT232R USB UART (FTDI), A50285BI"),
        ("OSDP reader, 9600 baud", "считыватель OSDP, 9600 бод", "OSDP оқығышы, 9600 бод"),
        ("OSDP reader, address 0, 9600 baud, maker 5C2623, model 1, serial 7, firmware 1.2.3",
         "считыватель OSDP, адрес 0, 9600 бод, изготовитель 5C2623, модель 1, серийный номер 7, прошивка 1.2.3",
         "OSDP оқығышы, мекенжайы 0, 9600 бод, өндірушісі 5C2623, моделі 1, сериялық нөмірі 7, "
         "микробағдарламасы 1.2.3"),
        ("Bolid S2000-PP, unit 2", "Bolid S2000-PP, устройство 2", "Bolid S2000-PP, 2-құрылғы"),
        ("pinctrl-rp1, 54 lines: the 40-pin header", "pinctrl-rp1, 54 линии: разъём на 40 контактов",
         "pinctrl-rp1, 54 GPIO желісі: 40 түйіспелі ағытпа"),
        ("RTSP at 10.0.0.9:554, Hikvision, H264", "RTSP на 10.0.0.9:554, Hikvision, H264",
         "RTSP, 10.0.0.9:554, Hikvision, H264"),
        ("camera (ONVIF), H264", "камера (ONVIF), H264", "камера (ONVIF), H264"),
        ("Clock, made in China (keyboard)", "Clock, made in China (клавиатура)", "Clock, made in China (пернетақта)"),
        ("Webcam C270", "Webcam C270", "Webcam C270"),
    ],
)  # fmt: skip
def test_a_found_thing_is_told_with_its_own_words_as_they_are(what: str, russian: str, kazakh: str) -> None:
    assert [load_texts(language).found(what) for language in ("en", "ru", "kk")] == [what, russian, kazakh]


def test_a_moment_is_told_in_the_terminals_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Almaty")
    time.tzset()
    what = "the power went, or the box was reset, at 2001-11-23T08:00Z"
    assert load_texts("ru").fact("H-155", what).endswith("аппаратный сброс, 23.11.2001 14:00")
    monkeypatch.undo()
    time.tzset()


def test_of_two_templates_the_more_literal_one_is_taken() -> None:
    assert load_texts("ru").fact("V-101", "no way to hall: timed out") == "нет пути к hall: нет ответа"
    assert load_texts("ru").fact("V-101", "/dev/video0: No such device") == "/dev/video0: устройства нет"


def test_a_template_knows_its_places() -> None:
    found = Template("{path} went away: {error}", {}).pattern.fullmatch("/dev/a went away: b: c")
    assert found is not None
    assert found.groupdict() == {"path": "/dev/a", "error": "b: c"}
    assert WORDS in templates(WORDS)


def test_a_fact_without_a_place_goes_before_all_others() -> None:
    code = Templates({"{what}, whole": {"ru": "{what}!"}, "all, whole": {"ru": "всё"}, "all, {what}": {"ru": "?"}})
    fits = [code.fit(what) for what in ("all, whole", "none, whole", "nothing")]
    assert [found and (found[0].told["en"], found[1]) for found in fits] == [
        ("all, whole", {}), ("{what}, whole", {"what": "none"}), None
    ]  # fmt: skip


def test_a_word_of_a_section_stands_there_alone() -> None:
    say = load_texts("ru")
    twice = {word for code, word, _told in rows() if code == WORDS for one in SECTIONS if say.knows(f"{one}.{word}")}
    assert twice == {"active", "failed"}  # systemd's words, too: an alarm contact is not meant
    assert not set(SECTIONS) & set(AS_THEY_ARE)
