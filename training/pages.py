"""Fill in the templates of the generated pages: model card, datasheet, the figures of the README."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def figure(value: dict[str, float]) -> str:
    """A figure with its interval and number of cases."""
    if not value["cases"]:
        return "–"
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}, n = {value['cases']})"


def per_ten_thousand(value: dict[str, float]) -> str:
    """A rate as a count in 10,000."""
    if not value["cases"]:
        return "–"
    low, high = value["low"] * 1e4, value["high"] * 1e4
    return f"{value['value'] * 1e4:.1f} ({low:.1f} to {high:.1f}, n = {value['cases']})"


def share(part: int, whole: int) -> str:
    """A count, and what share of the whole it is."""
    return f"{part} ({100 * part / whole:.0f} %)" if whole else str(part)


def render(template: str, **values: Any) -> str:
    """A page as Markdown; a value that the template names and nobody gave is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown from our own figures, no message text
    )
    environment.filters |= {"figure": figure, "per_ten_thousand": per_ten_thousand, "share": share}
    return environment.get_template(template).render(**values)
