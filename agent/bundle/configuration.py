"""The configuration without its secrets and without its comments: as it is understood, not as it was typed.

Goes   what stands behind a name that says so (agent/bundle/scrub.py), user and password of a URL, each comment.
"""

from __future__ import annotations

import msgspec

from agent.bundle.gathering import Gap, Json, Said
from agent.bundle.site import Site
from agent.strict import Problem
from agent.trials.history import Entry, History
from agent.trials.trial import TrialFile

DIGEST_CHARS = 7  # enough to tell two configurations apart, and no hash


def configuration(site: Site) -> list[Said]:
    """What the file says, and its mistakes. What is a secret in it goes when it is scrubbed, as all of a bundle is."""
    told: list[Said] = [Json("config.json", site.document)] if site.document else []
    if site.problems:
        told.append(Json("config-mistakes.json", [_mistake(one) for one in site.problems]))
        told.append(Gap(f"the configuration has mistakes: {len(site.problems)}"))
    return told


def _mistake(problem: Problem) -> dict[str, str]:
    """Without the value: it may be a secret that stands in the wrong place."""
    return {"code": problem.code, "at": problem.key, "what": problem.what, "do": problem.do}


def configurations(site: Site) -> list[Said]:
    """Those before, without their texts; and what is on trial."""
    entries = [_entry(one) for one in History(site.places.config).entries()]
    trial = TrialFile(site.places.config).read()
    return [Json("configurations.json", {"entries": entries, "trial": msgspec.to_builtins(trial)})]


def _entry(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, sha256=entry.sha256[:DIGEST_CHARS])
