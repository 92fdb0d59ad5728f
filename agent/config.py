"""The one TOML file of a box as frozen structs; every mistake names file, key, value and what to write instead.

Each room brings the settings it needs (agent/outbox, agent/sync, each driver); here they are joined and checked
against each other: names used once, one source per port, drivers that exist and are installed.

Raises  ConfigError with all problems found, codes C-1xx.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.devices import COMMON, SOURCE_KINDS
from agent.errors import AgentError
from agent.evidence.settings import EvidenceSettings
from agent.incidents.kinds import MANNERS, Kind, Means
from agent.outbox.settings import OutboxSettings
from agent.pipelines.watch import Watch, strange
from agent.school.purpose import Purpose, Way
from agent.strict import Problem, closest, read_table, show
from agent.sync.settings import LinkSettings
from drivers import catalog
from drivers.errors import DeviceError
from drivers.true_path import true_path

SchoolName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)",  # $ alone allows a line end after it
        description="the school as the centre knows it: small Latin letters, digits, hyphens",
        examples=["school-07"],
    ),
]
PKI = "pki"  # folder of the state directory: the box's certificate
SECTIONS = {"school", "state", "centre", "outbox", "evidence", *SOURCE_KINDS}


class StatePlaces(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the agent keeps what it knows."""

    directory: Annotated[
        str,
        Meta(
            description="database and keys, on a disk that survives power cuts",
            examples=["/var/lib/mektep"],
            min_length=1,
        ),
    ] = "/var/lib/mektep"
    runtime: Annotated[
        str, Meta(description="live state for `mektep status`, on tmpfs", examples=["/run/mektep"], min_length=1)
    ] = "/run/mektep"

    @property
    def database(self) -> Path:
        return Path(self.directory) / "outbox.db"

    @property
    def card_key(self) -> Path:
        return Path(self.directory) / "card.key"

    @property
    def secrets(self) -> Path:
        return Path(self.directory) / "secrets"

    @property
    def evidence(self) -> Path:
        return Path(self.directory) / "evidence"

    @property
    def reference(self) -> Path:
        return Path(self.directory) / "reference"

    @property
    def updates(self) -> Path:
        return Path(self.directory) / "updates"

    @property
    def viewings(self) -> Path:
        return Path(self.directory) / "viewings"

    @property
    def config(self) -> Path:
        """The history of configurations, and what is on trial."""
        return Path(self.directory) / "config"

    @property
    def pki(self) -> Path:
        return Path(self.directory) / PKI

    @property
    def control(self) -> Path:
        return Path(self.runtime) / "control.sock"

    @property
    def live(self) -> Path:
        return Path(self.runtime) / "status.json"


class SourceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its name here, its driver, the driver's own settings."""

    name: str
    kind: str  # one of SOURCE_KINDS
    driver: str
    settings: msgspec.Struct
    places: dict[int, str]  # names of a sensor's zones; empty for readers
    signal: str = ""  # the lamp beside a reader, by its name; empty if it has none
    purpose: Purpose = Purpose.SEEN  # of a reader
    clubs: tuple[str, ...] = ()  # of a club's reader
    way: Way = Way.BOTH  # of an entrance reader
    watch: Watch = Watch()  # of a camera
    place: str = ""  # where it is
    means: Means | None = None  # of a contact or a button
    alerts: tuple[Kind, ...] = ()  # kinds of incidents that a reader or a lamp shows

    @property
    def is_masked(self) -> bool:
        """Whether parts of a camera's picture are hidden: its video must not go anywhere as it comes."""
        return bool(self.watch.masks) or bool(getattr(self.settings, "masks", ()))

    @property
    def has_video(self) -> bool:
        """Whether its driver keeps video as it comes, encoded: those that have a ring (drivers/cameras/view.py)."""
        return "ring_s" in self.settings.__struct_fields__


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All that a box is told by its file."""

    file: str
    school: str
    state: StatePlaces
    centre: LinkSettings
    outbox: OutboxSettings
    sources: tuple[SourceConfig, ...]
    evidence: EvidenceSettings = EvidenceSettings()


class ConfigError(AgentError):
    """The file cannot be used; `problems` holds every mistake found."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.code, f"{first}{more}", do="Run `mektep check` with this file and mend each line it prints."
        )
        self.problems = problems


EYES = "eyes"  # the name of what looks at the cameras' pictures, in `mektep status`: no device may have it


def load(path: Path) -> Config:
    """Read and check a file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _failed(str(path), "C-001", "there is no such file", "Copy one from examples/ and adapt it.") from error
    except (OSError, UnicodeDecodeError) as error:
        do = "Check its owner, its mode and that it is UTF-8 text."
        raise _failed(str(path), "C-002", f"cannot be read: {error}", do) from error
    return read(text, str(path))


def read(text: str, file: str) -> Config:
    """Check a text that is, or is to be, that file. Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        do = "Mend the line named; text needs quotation marks."
        raise _failed(file, "C-003", f"is not TOML: {error}", do) from error
    return _Walk(file, document).config()


def _failed(file: str, code: str, what: str, do: str) -> ConfigError:
    return ConfigError([Problem(code=code, file=file, key="", value="", what=what, do=do)])


class _Walk:
    """Walks one document and gathers problems on the way."""

    def __init__(self, file: str, document: Mapping[str, Any]) -> None:
        self.file = file
        self.document = document
        self.problems: list[Problem] = []

    def config(self) -> Config:
        for key in self.document.keys() - SECTIONS:
            self._problem("C-101", key, show(self.document[key]), "is no setting or section", closest(key, SECTIONS))
        school = self._school()
        state = self._section("state", StatePlaces, default=StatePlaces())
        centre = self._section("centre", LinkSettings, default=None)
        outbox = self._section("outbox", OutboxSettings, default=OutboxSettings())
        evidence = self._section("evidence", EvidenceSettings, default=EvidenceSettings())
        sources = [source for kind in SOURCE_KINDS for source in self._sources(kind)]
        self._unique_names()
        self._unique_ports(sources)
        self._known_signals(sources)
        self._clubs_fit(sources)
        self._means_fit(sources)
        self._alerts_fit(sources)
        if self.problems or state is None or centre is None or outbox is None or evidence is None:
            raise ConfigError(self.problems)
        return Config(
            file=self.file, school=school, state=state, centre=centre, outbox=outbox,
            sources=tuple(source for source, _ in sources), evidence=evidence,
        )  # fmt: skip

    def _problem(self, code: str, key: str, value: str, what: str, do: str) -> None:
        self.problems.append(Problem(code=code, file=self.file, key=key, value=value, what=what, do=do))

    def _school(self) -> str:
        class School(msgspec.Struct):
            school: SchoolName

        given = {"school": self.document["school"]} if "school" in self.document else {}
        found, problems = read_table(given, School, file=self.file, prefix="")
        self.problems += problems
        return found.school if found else ""

    def _section(self, name: str, type_: type[Any], *, default: Any) -> Any:
        table = self.document.get(name)
        if table is None:
            if default is None:
                self._problem("C-102", name, "", "this section is missing", f"Add [{name}]; examples/ show it.")
            return default
        if not isinstance(table, dict):
            self._problem("C-103", name, show(table), "is not a section", f"Write [{name}] on a line of its own.")
            return None
        found, problems = read_table(table, type_, file=self.file, prefix=f"{name}.")
        self.problems += problems
        return found

    def _tables(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """The device tables of a kind, each with the prefix of its keys; wrong shapes are reported by _sources."""
        found = self.document.get(kind, [])
        if not isinstance(found, list):
            return []
        return [(f"{kind}[{at}].", table) for at, table in enumerate(found) if isinstance(table, dict)]

    def _sources(self, kind: str) -> list[tuple[SourceConfig, str]]:
        if not isinstance(self.document.get(kind, []), list):
            self._problem("C-103", kind, "", "is not a list of devices", f"Write [[{kind}]] with two brackets.")
        self._no_strays(kind)
        found = [(self._source(kind, prefix, table), prefix) for prefix, table in self._tables(kind)]
        return [(source, prefix) for source, prefix in found if source is not None]

    def _no_strays(self, kind: str) -> None:
        found = self.document.get(kind, [])
        strays = [at for at, one in enumerate(found) if not isinstance(one, dict)] if isinstance(found, list) else []
        for at in strays:
            self._problem("C-103", f"{kind}[{at}]", show(found[at]), "is no device", f"Write [[{kind}]] for each.")

    def _source(self, kind: str, prefix: str, table: dict[str, Any]) -> SourceConfig | None:
        type_ = COMMON[kind]
        own: dict[str, Any] = {key: table[key] for key in type_.__struct_fields__ if key in table}
        common, problems = read_table(own, type_, file=self.file, prefix=prefix)
        self.problems += problems
        if common is None or not self._driver_fits(kind, prefix, common.driver):
            return None
        try:
            module = catalog.load(common.driver)
        except DeviceError as error:
            self._problem("C-108", f"{prefix}driver", show(common.driver), error.what, error.do)
            return None
        watch, known = self._watch(kind, prefix, table)
        rest = {key: value for key, value in table.items() if key not in own.keys() | known}
        settings, problems = read_table(rest, module.Settings, file=self.file, prefix=prefix)
        self.problems += problems
        if settings is None:
            return None
        if watch.masks and "masks" in settings.__struct_fields__:  # the camera's own process hides them, too
            outlines = tuple(tuple(outline) for outline in watch.masks)
            settings = msgspec.structs.replace(settings, masks=outlines)
        places = getattr(settings, "places", {})
        return SourceConfig(
            name=common.name, kind=kind, driver=common.driver, settings=settings, places=dict(places),
            signal=getattr(common, "signal", ""), purpose=getattr(common, "purpose", Purpose.SEEN),
            clubs=tuple(getattr(common, "clubs", ())), way=getattr(common, "way", Way.BOTH), watch=watch,
            place=common.place, means=getattr(common, "means", None),
            alerts=tuple(getattr(common, "alerts", ())),
        )  # fmt: skip

    def _watch(self, kind: str, prefix: str, table: dict[str, Any]) -> tuple[Watch, set[str]]:
        """What a camera is watched for, and the settings that say so; another device has none."""
        if kind != "camera":
            return Watch(), set()
        own = {key: table[key] for key in Watch.__struct_fields__ if key in table}
        watch, problems = read_table(own, Watch, file=self.file, prefix=prefix)
        self.problems += problems
        if watch is None:
            return Watch(), set(own)
        for one in strange(watch):
            self._problem("C-111", f"{prefix}{one.key}", show(one.value), one.what, one.do)
        if watch.sees:
            self._can_be_watched(f"{prefix}sees", watch)
        return watch, set(own)

    def _can_be_watched(self, key: str, watch: Watch) -> None:
        value = show([one.value for one in watch.sees])
        try:
            catalog.load(EYES)
        except DeviceError as error:
            self._problem("C-108", key, value, error.what, error.do)

    def _driver_fits(self, kind: str, prefix: str, driver: str) -> bool:
        here = {name for name, entry in catalog.CATALOG.items() if entry.kind == kind}
        if driver in here:
            return True
        what = f"is no {kind}" if driver in catalog.CATALOG else "is no driver"
        self._problem("C-107", f"{prefix}driver", show(driver), what, closest(driver, here))
        return False

    def _unique_names(self) -> None:
        first: dict[str, str] = {}
        for kind in SOURCE_KINDS:
            for prefix, table in self._tables(kind):
                name = table.get("name")
                if not isinstance(name, str):
                    continue
                if name == EYES:
                    do = "The agent has a part of this name; take another."
                    self._problem("C-105", f"{prefix}name", show(name), "is taken", do)
                if name in first:
                    do = f"{first[name]}name has it already; give each device its own."
                    self._problem("C-105", f"{prefix}name", show(name), "is used twice", do)
                first.setdefault(name, prefix)

    def _unique_ports(self, sources: list[tuple[SourceConfig, str]]) -> None:
        taken: list[tuple[str, str, str]] = []  # place, part, by whom
        for source, prefix in sources:
            for claim in catalog.claims(source.settings):
                place = true_path(claim.place)
                for there, part, name in taken:
                    if there == place and (part == claim.part or "" in (part, claim.part)):
                        key, rule = _rule(source.settings, claim, shared=bool(part))
                        do = f'"{name}" uses it already; {rule}.'
                        where = show(f"{claim.place} {claim.part}".strip())
                        self._problem("C-106", f"{prefix}{key}".rstrip("."), where, "is used by two devices", do)
                        break
                taken.append((place, claim.part, source.name))

    def _clubs_fit(self, sources: list[tuple[SourceConfig, str]]) -> None:
        for source, prefix in sources:
            if (source.purpose is Purpose.CLUB) != bool(source.clubs):
                what = "names no club" if source.purpose is Purpose.CLUB else "is only for a reader of purpose club"
                do = """Write for example purpose = "club" and clubs = ["chess"]."""
                self._problem("C-110", f"{prefix}clubs", show(list(source.clubs)), what, do)

    def _means_fit(self, sources: list[tuple[SourceConfig, str]]) -> None:
        for source, prefix in sources:
            what = do = ""
            if source.means and source.places:
                what, do = "is not for a fire panel", "Leave it out: its zones tell of fire by themselves."
            elif source.means is Means.ANSWER and getattr(source.settings, "role", "") != "button":
                what, do = "only a button answers", """Write role = "button", or another word."""
            if what:
                self._problem("C-113", f"{prefix}means", show(str(source.means)), what, do)

    def _alerts_fit(self, sources: list[tuple[SourceConfig, str]]) -> None:
        shown = [kind.value for kind, manner in MANNERS.items() if manner.lights]
        for source, prefix in sources:
            silent = [kind.value for kind in source.alerts if not MANNERS[kind].lights]
            if silent:
                do = f"Leave it out; these are shown: {', '.join(shown)}."
                what = "is told to persons, and shown by no lamp"
                self._problem("C-114", f"{prefix}alerts", show(silent), what, do)

    def _known_signals(self, sources: list[tuple[SourceConfig, str]]) -> None:
        known = {source.name for source, _ in sources if source.kind == "signal"}
        for source, prefix in sources:
            if source.signal and source.signal not in known:
                do = closest(source.signal, known) if known else "Add a [[signal]] with this name."
                self._problem("C-109", f"{prefix}signal", show(source.signal), "is no signal", do)


def _rule(settings: msgspec.Struct, claim: catalog.Claim, *, shared: bool) -> tuple[str, str]:
    """The setting that names what is claimed, "" if no single one does; and the rule that is broken."""
    fields = settings.__struct_fields__
    word = claim.part.partition(" ")[0]  # "address" of "address 3"
    if word and shared:
        return word if word in fields else "", f"give each device its own {word}"
    key = next((field for field in fields if getattr(settings, field) == claim.place), "")
    return key, "one device per port" if key == "port" else "leave one of them out"
