"""The measurements as a table for people."""

from typing import Any

_WIDE = 44


def of(told: dict[str, Any]) -> str:
    lines = [f"left out: {left}" for left in told["left_out"]]
    for part, rows in told.items():
        if not isinstance(rows, dict):
            continue
        lines += ["", part]
        for name, row in rows.items():
            lines += [_line(name, row)]
            if isinstance(row, dict):
                lines += [
                    _line(f"  {below}", of) for below, of in row.items() if isinstance(of, dict)
                ]
                lines += [_line("  ", statement) for statement in row.get("by_statement", [])[:12]]
    return "\n".join(lines)


def _line(name: str, row: Any) -> str:
    if not isinstance(row, dict):
        return f"  {name:<{_WIDE}} {row}"
    flat = (f"{key}={_short(value)}" for key, value in row.items() if key not in ("by_statement",))
    kept = (word for word in flat if not word.endswith("={}"))
    return f"  {name:<{_WIDE}} {'  '.join(kept)}".rstrip()


def _short(value: Any) -> str:
    """Nested measurements stand on lines of their own."""
    if isinstance(value, dict):
        return "{}"
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)
