"""What the events of one incident must tell, in whatever order things happened and whatever was killed between."""

from __future__ import annotations

from typing import Any

from agent.incidents.kinds import Certainty

ORDER = list(Certainty)


def check_story(story: list[dict[str, Any]]) -> None:
    """Opened once and told at once; steps and certainty never fall; one decision at most; nothing after the end."""
    types = [one["type"] for one in story]
    assert types[:2] == ["opened", "told"]
    assert types.count("opened") == 1
    assert types.count("closed") == ("closed" in types[-1:])
    told = [one for one in story if one["type"] == "told"]
    steps, times = [one["step"] for one in told], [one["answer_by"] for one in told]
    assert steps == sorted(steps)
    assert set(steps) == set(range(max(steps) + 1))
    assert times == sorted(times)
    assert [one["why"] for one in told].count("first") == 1
    levels = [ORDER.index(one["certainty"]) for one in story if "certainty" in one]
    assert levels == sorted(levels)
    decided = [one for one in story if one["type"] == "answered" and one["answer"] != "acknowledged"]
    assert len(decided) <= 1
    if types[-1] == "closed":
        assert decided
        assert story[-1]["outcome"] == decided[0]["answer"]
