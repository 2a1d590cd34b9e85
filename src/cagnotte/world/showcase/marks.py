"""Marks of the showcase's shops: a few plain shapes, the same for a shop every time."""

from random import Random

_HUES = (12, 38, 68, 142, 168, 196, 222, 252, 282, 318, 345)


def mark(name: str) -> str:
    """Draw a shop's mark as SVG, 64 by 64."""
    dice = Random(f"mark:{name}")  # the same name, the same mark
    hue = dice.choice(_HUES)
    paper, deep, light = (
        f"hsl({hue} 60% 94%)",
        f"hsl({hue} 58% 34%)",
        f"hsl({(hue + 28) % 360} 74% 58%)",
    )
    shapes = dice.choice(_COMPOSITIONS)
    turn = dice.choice((0, 90, 180, 270))
    drawn = shapes.format(deep=deep, light=light)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="{paper}"/>'
        f'<g transform="rotate({turn} 32 32)">{drawn}</g></svg>'
    )


_COMPOSITIONS = (
    '<path d="M32 12a20 20 0 0 1 0 40z" fill="{deep}"/><path d="M32 12a20 20 0 0 0 0 40z" fill="{light}"/>',
    '<circle cx="26" cy="32" r="14" fill="{deep}"/><circle cx="42" cy="32" r="10" fill="{light}" opacity=".85"/>',
    '<rect x="14" y="14" width="36" height="36" rx="6" fill="{deep}"/><circle cx="32" cy="32" r="10" fill="{light}"/>',
    '<path d="M32 12l20 34H12z" fill="{deep}"/><circle cx="32" cy="38" r="7" fill="{light}"/>',
    '<path d="M14 32a18 18 0 0 1 36 0z" fill="{deep}"/><path d="M20 36h24a12 12 0 0 1-24 0z" fill="{light}"/>',
    (
        '<rect x="13" y="13" width="17" height="38" rx="8.5" fill="{deep}"/>'
        '<rect x="34" y="13" width="17" height="38" rx="8.5" fill="{light}"/>'
    ),
    (
        '<path d="M32 12c12 8 12 32 0 40c-12-8-12-32 0-40z" fill="{deep}"/>'
        '<path d="M32 24v28" stroke="{light}" stroke-width="4" stroke-linecap="round"/>'
    ),
    (
        '<path d="M14 14h20a16 16 0 0 1-16 16h-4z" fill="{light}"/>'
        '<path d="M50 50H30a16 16 0 0 1 16-16h4z" fill="{deep}"/>'
        '<circle cx="32" cy="32" r="5" fill="{deep}"/>'
    ),
    (
        '<circle cx="32" cy="32" r="19" fill="none" stroke="{deep}" stroke-width="7"/>'
        '<path d="M32 32h19" stroke="{light}" stroke-width="7" stroke-linecap="round"/>'
    ),
    (
        '<path d="M12 40c8-14 14-14 20 0s12 14 20 0" fill="none" stroke="{deep}" stroke-width="7" '
        'stroke-linecap="round"/>'
        '<circle cx="42" cy="20" r="7" fill="{light}"/>'
    ),
)

COLIBRI = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><path d="M8 33c9 4 20 1 25-8c2-4 2-8 6-11l7-3l-8-1'
    'c-5-2-10 0-12 5c-4 8-10 13-18 18z" fill="#0c6b62"/>'
    '<path d="M24 21C20 12 13 8 5 8c1 8 6 15 14 18z" fill="#12a594"/>'
    '<path d="M17 34c-2 4-6 7-11 8c1-4 3-7 6-9z" fill="#e0a021"/></svg>'
)
"""The portal's own mark: a hummingbird."""
