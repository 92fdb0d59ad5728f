"""The agent as a service: does it run, how often was it started, which version, what does it complain of itself.

Source  systemctl(1) show: ActiveState, NRestarts, Result (`watchdog`), UnitFileState; systemd.service(5).
"""

from __future__ import annotations

from agent import __version__
from agent.clock import SystemClock
from agent.doctor.finding import Finding, Level, fault, note, of_trouble, refused, warn, well
from agent.doctor.site import Site, number
from agent.ops.reference_view import views_on_disk
from agent.ops.status import DatasetView, TroubleView

UNIT = "mektep-agent"
OFTEN = 3
FAULTS = {"D-121", "D-122", "T-110", "T-111", "E-101"}  # of the agent's own troubles: something does not work
READ = "Read why: `journalctl -u mektep-agent -n 100`; send it to support."


def agent(site: Site) -> list[Finding]:
    """Whether it runs."""
    if site.alive and site.picture:
        return [well(f"runs since {site.picture.started[:19]}Z, process {site.picture.pid}")]
    do = "Start it: sudo systemctl start mektep-agent"
    since = f"; its last sign of life: {site.picture.at[:19]}Z" if site.picture and site.picture.at else ""
    return [fault("D-001", f"the agent does not run{since}", do)]


def service(site: Site) -> list[Finding]:
    """What systemd has seen of it."""
    text = site.run(["systemctl", "show", UNIT, "-p", "LoadState,ActiveState,Result,NRestarts,UnitFileState"])
    told = dict(line.partition("=")[::2] for line in (text or "").splitlines())
    if told.get("LoadState") != "loaded":
        return [well("systemd has no unit of it here")]
    found = []
    if told.get("Result") == "watchdog" or _barked(site):
        do = "Look at the card (`mektep doctor --only card`); send the log to support."
        found.append(warn("H-152", "systemd's watchdog has ended the agent within a week: it was stuck", do))
    if (restarts := number(told.get("NRestarts", "")) or 0) >= OFTEN:
        found.append(warn("H-151", f"systemd has started the agent {restarts} times again", READ))
    if told.get("UnitFileState") not in ("enabled", "static", "enabled-runtime", "alias"):
        found.append(warn("H-156", "the agent is not started with the box", "sudo systemctl enable mektep-agent"))
    return found or [well(f"{told.get('ActiveState')}, started with the box")]


def _barked(site: Site) -> bool:
    words = ["journalctl", "-u", UNIT, "-q", "-o", "cat", "--no-pager", "--since", "-7days", "-g", "Watchdog timeout"]
    return bool((site.run(words) or "").strip())


def version(site: Site) -> list[Finding]:
    """The one that runs, the one that this command is of, and those that lie on the box."""
    there = [path.name for path in site.under("opt/mektep/versions/*")]
    running = site.picture.agent if site.alive and site.picture else ""
    if running and running != __version__:
        do = "Restart the agent outside the canteen's hours: sudo systemctl restart mektep-agent"
        return [warn("H-153", f"version {running} runs, version {__version__} is installed", do)]
    return [well(f"{__version__}; on the box: {', '.join(there)}" if there else __version__)]


def troubles(site: Site) -> list[Finding]:
    """The running agent's own list."""
    if not site.alive or site.picture is None:
        return []
    found = [of_trouble(one, Level.FAULT if one.code in FAULTS else Level.WARN) for one in site.picture.troubles]
    return found or [well("none")]


def centre(site: Site) -> list[Finding]:
    """The running agent's own link."""
    if not site.alive or site.picture is None:
        return []
    link = site.picture.link
    if link.code:
        trouble = TroubleView(code=link.code, what=link.what, do=link.do)
        return [of_trouble(trouble, Level.WARN)]
    if not link.last_receipt:
        return [well(f"{link.state}, no receipt yet")]
    return [well(f"{link.state}, last receipt {link.last_receipt[:19]}Z, {link.rtt_ms:.0f} ms")]


def configuration(site: Site) -> list[Finding]:
    """Every mistake of the file."""
    if site.config is not None:
        return [well(f"{site.file}: {len(site.config.sources)} devices")]
    return [fault(one.code, f"{one.file} {one.key}: {one.what}".replace(" :", ":"), one.do) for one in site.problems]


def reference(site: Site) -> list[Finding]:
    """How old the centre's data are: as the running agent says, else as they lie on the disk."""
    try:
        known = held(site)
    except PermissionError as error:
        return [refused(str(error.filename))]
    if known is None:
        return []
    if not known:
        do = "Tell the centre: `mektep-centre school-data publish`. Meals are recorded and decided later."
        return [note("H-181", "the centre's data have never come: every card is unknown", do)]
    do = "Look at the link to the centre; the school goes on with what it has."
    stale = [name for name, one in known.items() if one.stale]
    ended = [name for name, one in known.items() if one.ended]
    found = [warn("M-102", f"{', '.join(stale)}: issued more than two weeks ago", do)] if stale else []
    found += [warn("M-102", f"{', '.join(ended)}: its last day is past", do)] if ended else []
    told = {one.code for one in site.picture.troubles} if site.alive and site.picture else set()
    versions = ", ".join(f"{name} {one.version}" for name, one in known.items())
    return [one for one in found if one.code not in told] or [well(versions)]


def held(site: Site) -> dict[str, DatasetView] | None:
    """The centre's data on this box. None: nobody knows, for the configuration does not say where they lie.

    Raises PermissionError if this user may not look at them.
    """
    if site.alive and site.picture is not None:
        return site.picture.reference
    if site.config is None:
        return None
    return views_on_disk(site.config.state.reference, SystemClock())
