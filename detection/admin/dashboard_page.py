"""The first page: how the service is now, and how it was in the last hour, day or week."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from detection import costs, dashboard
from detection.admin import charts
from detection.admin.pages import VIEW, Page, render
from detection.dashboard import RANGES, STAGES, Period, Present
from taskqueue.tables import age, since, size

MOST_CLASSES = 15  # that are shown by name


def shown(request: HttpRequest) -> HttpResponse:
    """Figures of the range that the query names; the last day's where it names none."""
    name = request.GET.get("range", "day")
    if name not in RANGES:
        raise Http404(f"there is no range {name!r}: it is one of {', '.join(RANGES)}")
    period, present = dashboard.period(name), dashboard.present()
    content = {"range": name, "ranges": list(RANGES), "period": period, **now(present), **_figures(period), **_costs(period, present)}
    return render(request, "dashboard.html", "Dashboard", **content)


PAGES = (Page("dashboard/", "dashboard", shown, VIEW),)


def now(present: Present) -> dict[str, Any]:
    """Queues and workers as a template shows them."""
    at = present.at
    queues = [{"queue": one, "oldest": age(one.oldest_seconds) if one.oldest_seconds != 0 else "–"} for one in present.queues]
    workers = [
        {
            "worker": one,
            "state": one.state(at),
            "running": [(task.name.rpartition(".")[2], since(task.started_at, at)) for task in one.running],
            "up": since(one.started_at, at),
            "heard": since(one.heartbeat_at, at),
            "memory": size(one.memory_bytes),
        }
        for one in present.workers
    ]
    return {"present": present, "queues": queues, "workers": workers}


def _figures(period: Period) -> dict[str, Any]:
    stages = [
        (name, STAGES[name], found.times, *(charts.seconds(value) for value in (found.p50, found.p95, found.p99)))
        for name, found in period.stages.items()
    ]
    most = max((times for _, times in period.classes), default=1)
    classes = [(label, times, f"{100 * times / most:.1f}") for label, times in period.classes[:MOST_CLASSES]]
    return {
        "charts": [charts.activity(period.hours), charts.latency(period.hours)],
        "stages": stages,
        "classes": classes,
        "more_classes": len(period.classes) - len(classes),
    }


def _costs(period: Period, present: Present) -> dict[str, Any]:
    """Silent workers are not reckoned with: they are gone, or nobody knows what they do."""
    up = [one for one in present.workers if one.state(present.at) != "silent"]
    items = costs.a_day(period.photos_a_day, workers=len(up), instances=costs.instances(up))
    return {"costs": items, "cost": sum(item.usd for item in items), "price_list": costs.price_list()}
