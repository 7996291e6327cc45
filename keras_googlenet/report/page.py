"""A page of HTML that needs nothing but itself: its style, and the few elements that reports are made of.

A page names no address and runs no script; its own `Content-Security-Policy` forbids both. Every text that comes from
outside goes through `text`.
"""

import base64
import html
import io

from PIL import Image

THUMBNAIL = 128
"""Longest side of a picture in the page, pixels."""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f5f6f8; --ink: #1b1f24; --soft: #59636e; --line: #dde1e6;
  --blue: 31 95 168; --orange: 200 90 23; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1e2329; --ink: #e6e9ec; --soft: #9aa4af;
  --line: #343b44; --blue: 72 140 220; --orange: 226 118 50; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 64rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0; font-size: clamp(1.5rem, 5vw, 2.2rem); line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); font-size: 1.2rem; }
p, figure, dl, dd { margin: 0; }
.soft { color: var(--soft); overflow-wrap: anywhere; }
h2 + .soft { margin: -.5rem 0 .75rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin-top: 1.25rem; }
.tile { padding: .7rem .9rem; border-radius: .6rem; background: var(--card); }
.tile b { display: block; font-size: 1.45rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.panels svg, .samples { display: block; width: 100%; height: auto; }
.samples { max-width: 44rem; border-radius: .4rem; background: #fff; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: .5rem; font-size: .9rem; }
.key i { display: inline-block; width: 1.6rem; margin-right: .4rem; border-top: 3px solid; vertical-align: middle; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; }
td.n, th.n { text-align: right; }
.list td, .list th { padding: .3rem 1.25rem .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word;
  max-width: 22rem; }
.matrix { border-spacing: 2px; border-collapse: separate; margin-bottom: .25rem; }
.matrix td { min-width: 2.1rem; height: 2.1rem; padding: 0 .25rem; text-align: center; border-radius: .2rem; }
.matrix .hit { background: rgb(var(--blue) / var(--a)); }
.matrix .miss { background: rgb(var(--orange) / var(--a)); }
.matrix .strong { color: #fff; }
.matrix th { max-width: 12rem; padding: 0 .5rem 0 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.matrix thead th { padding: 0; text-align: center; vertical-align: bottom; }
.matrix .tall { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9rem; margin: auto;
  padding: .3rem 0 0; overflow: hidden; text-overflow: ellipsis; }
.matrix .zero { color: var(--line); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .75rem; }
.card { display: flex; flex-direction: column; border-radius: .6rem; background: var(--card); overflow: hidden; }
.card .frame { display: flex; align-items: center; justify-content: center; aspect-ratio: 1; background: #0002; }
.card img { width: 100%; height: 100%; object-fit: contain; }
.card img.small { image-rendering: pixelated; }
.card figcaption { padding: .5rem .65rem .6rem; font-size: .85rem; line-height: 1.4; overflow-wrap: anywhere; }
.columns { columns: 19rem; column-gap: 2.5rem; font-size: .9rem; }
.columns div { display: flex; gap: 1rem; justify-content: space-between; padding: .25rem 0; break-inside: avoid;
  border-bottom: 1px solid var(--line); }
.columns dt { color: var(--soft); }
.columns dd { text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
pre { margin: .25rem 0 1rem; padding: .75rem .9rem; border-radius: .6rem; background: var(--card);
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; font-size: .9rem; }
@media (prefers-color-scheme: dark) { .panels svg, .key i { filter: brightness(1.5); } }
@media (max-width: 32rem) { .matrix th { max-width: 7rem; }
  .matrix td { min-width: 1.7rem; height: 1.7rem; padding: 0; }
  .list td, .list th { padding-right: .75rem; } }
@media print { body { max-width: none; } h2 { break-after: avoid; } .card, .tile { break-inside: avoid; } }
"""


def document(title, body):
    """A whole page.

    Args:
        title: What the browser's tab says, plain text.
        body: HTML.

    Returns:
        HTML text.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n"
        '<link rel="icon" href="data:,">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def text(value):
    """Anything as text that is safe inside an element and inside a quoted attribute.

    Example:
        >>> text("<b>")
        '&lt;b&gt;'
    """
    return html.escape(str(value), quote=True)


def section(title, body, note=""):
    """A part of the page under a heading.

    Args:
        title: The heading, plain text.
        body: HTML.
        note: What the reader should know first, HTML.
    """
    note = f'\n<p class="soft">{note}</p>' if note else ""
    return f"<section>\n<h2>{text(title)}</h2>{note}\n{body}\n</section>"


def definitions(pairs):
    """Names and values in as many columns as fit, from pairs of plain text."""
    rows = (f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="columns">{"".join(rows)}</dl>'


def table(header, rows):
    """A table; its first column is text, what follows are numbers, plain text all."""
    kinds = ["", *[' class="n"'] * (len(header) - 1)]
    head = "".join(f"<th{kind}>{text(name)}</th>" for kind, name in zip(kinds, header, strict=True))
    lines = ("".join(f"<td{kind}>{text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table class="list"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def thumbnail(image):
    """An image as an `<img>` no larger than `THUMBNAIL`.

    Args:
        image: uint8 RGB array of shape (height, width, 3).
    """
    picture = Image.fromarray(image)
    small = ' class="small"' if max(picture.size) < THUMBNAIL else ""
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return f'<img{small} src="{_data(picture, "JPEG", quality=88)}" alt="">'


def picture(path, alt):
    """A picture file as an `<img>`, in the smaller of two encodings.

    Args:
        path: The file.
        alt: What it shows, plain text.
    """
    with Image.open(path) as image:
        image = image.convert("RGB")
    source = min(_data(image, "PNG", optimize=True), _data(image, "JPEG", quality=85), key=len)
    return f'<img class="samples" src="{source}" alt="{text(alt)}">'


def _data(image, encoding, **options):
    buffer = io.BytesIO()
    image.save(buffer, encoding, **options)
    return f"data:image/{encoding.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
