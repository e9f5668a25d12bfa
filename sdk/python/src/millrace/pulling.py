"""What flows sent up, read back: results and alerts, as records or as a DataFrame.

Guarantee: oldest first, page by page; no more is fetched than was asked for.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Any, Iterator, Optional, Union

from .director import Director, current, pages, segment
from .preparing import as_table
from .problem import Unusable

Moment = Union[str, float, int, datetime.datetime]
"""ISO 8601, epoch milliseconds or a datetime."""

PAGE = 200


def pull_results(
    flow: str,
    *,
    since: Optional[Moment] = None,
    limit: int = 10_000,
    node: Optional[str] = None,
    module: Optional[str] = None,
    director: Optional[Director] = None,
) -> Any:
    """The newest records that flows of this name sent up with `sink.director`.

    since: only what the director received from then on. limit: most records. node: id of a node. module: id of a sink.

    Gives a DataFrame where pandas is, else a list of dicts, oldest first: `t` (epoch milliseconds) and the record's
    fields, then `node`, `module` and `version` of the flow. Raises NotFound when there is no such flow.
    """
    path = f"/v1/flows/{segment(flow)}/results"
    start = None if since is None else _moment(since)

    def records() -> Iterator[dict[str, Any]]:
        for result in pages(current(director), path, {"limit": PAGE}):
            if start is not None and _moment(result["receivedAt"]) < start:
                return
            if node not in (None, result["node"]) or module not in (None, result["module"]):
                continue
            origin = {key: result[key] for key in ("node", "module", "version")}
            for record in reversed(result["records"]):
                yield {**record, **origin}

    return as_table(reversed(list(itertools.islice(records(), _most(limit)))))


def pull_alerts(
    flow: Optional[str] = None,
    *,
    state: Optional[str] = None,
    severity: Optional[str] = None,
    node: Optional[str] = None,
    since: Optional[Moment] = None,
    limit: int = 10_000,
    director: Optional[Director] = None,
) -> Any:
    """The newest alerts, oldest first.

    state: raised, acknowledged or cleared. severity: info, low, medium, high or critical. node: id or name of a node.

    Gives a DataFrame where pandas is, else a list of dicts, with the fields of an alert (`t`, `flow`, `module`,
    `severity`, `state`, `message`, `values`, ...).
    """
    query = {"flow": flow, "state": state, "severity": severity, "node": node, "limit": PAGE}
    start = None if since is None else _moment(since)
    found = pages(current(director), "/v1/alerts", query)
    chosen = itertools.takewhile(lambda alert: start is None or _moment(alert["receivedAt"]) >= start, found)
    return as_table(reversed(list(itertools.islice(chosen, _most(limit)))))


def _most(limit: int) -> int:
    if limit < 1:
        raise Unusable(f"limit is the most records that are wanted, not {limit}.")
    return limit


def _moment(moment: Moment) -> float:
    """Epoch milliseconds; a datetime without a zone is local time, as everywhere in Python."""
    if isinstance(moment, (int, float)):
        return float(moment)
    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))
        except ValueError:
            raise Unusable(f"{moment!r} is no moment, such as 2026-05-01T08:00:00Z.") from None
    return moment.timestamp() * 1000
