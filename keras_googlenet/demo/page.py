"""The page: a place to drop an image, the best classes with bars, the heat of the one that is chosen, examples."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_googlenet.data import ImageError
from keras_googlenet.demo.guard import log
from keras_googlenet.demo.predictor import Example, Predictor

WAITING = 32
"""So many may wait for an answer; who comes later is told that the page is busy."""

AT_ONCE = 4
"""So many are read at a time: one that takes long to read does not hold up the others."""

KEPT = 600
"""Seconds. What was uploaded and shown is deleted then, its files a minute later at most; all, when the page ends."""

SESSIONS = 100
"""So many visitors' last images are kept in memory, not a MB each."""

FONT, FONT_MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")
"""The system's: nothing is fetched."""

CSS = Path(__file__).with_name("page.css")


def build_page(predictor: Predictor, title: str, examples: Sequence[Example] = ()) -> Any:
    """Builds the page; `serve` shows it.

    Args:
        predictor: The network's.
        title: The page's heading, plain text.
        examples: `(name, bytes, thumbnail)` of images to click on: a file's name and content, and a uint8 RGB array.

    Returns:
        A `gradio.Blocks`.
    """
    import gradio as gr

    uploaded, example, chosen = _handlers(predictor, examples)
    independent = " Each class has a score by itself: they need not sum to 100%." if predictor.independent else ""
    limit = "" if predictor.max_bytes is None else f", {predictor.max_bytes / 2**20:g} MB at most"
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(60, KEPT), fill_width=True) as page:
        page.state_session_capacity = SESSIONS
        last = gr.State(None, time_to_live=KEPT)
        gr.Markdown(
            f"# {html.escape(title)}\nDrop an image: the network names the best {predictor.top} of "
            f"{predictor.classes:,} classes, and shows where it sees them.{independent}"
        )
        with gr.Row():
            with gr.Column(min_width=280):
                drop = gr.File(label=f"An image of any format{limit}", height=160, elem_id="drop")
                gallery = gr.Gallery(
                    [(thumbnail, Path(name).stem.replace("_", " ")) for name, _, thumbnail in examples],
                    label="or one of these",
                    columns=4,
                    height="auto",
                    object_fit="cover",
                    allow_preview=False,
                    interactive=False,
                    buttons=[],
                    visible=bool(examples),
                    elem_id="examples",
                )
            with gr.Column(min_width=280):
                said = gr.HTML(note("No image yet."), elem_id="said")
                best = gr.Label(
                    num_top_classes=predictor.top, label="What it is: click on a class to see where", elem_id="best"
                )
        with gr.Row(visible=False) as pictures:
            fixed = {"interactive": False, "format": "png", "buttons": ["download", "fullscreen"]}
            seen = gr.Image(label="What the network sees", elem_id="seen", **fixed)
            heat = gr.Image(elem_id="heat", **fixed)
        shown = [last, said, best, pictures, seen, heat]
        alone = {
            "show_progress_on": [best, heat],
            "concurrency_id": "network",
            "concurrency_limit": AT_ONCE,
            "api_visibility": "private",
        }
        drop.upload(uploaded, drop, [drop, *shown], **alone)
        gallery.select(example, None, shown, **alone)
        best.select(chosen, last, [said, heat], **alone)
    return page.queue(max_size=WAITING)


def _handlers(predictor, examples):
    """What the page does when a file is uploaded, an example or a class chosen: values of the components it changes."""
    import gradio as gr

    def uploaded(path):
        path = Path(path)
        return (None, *answer(path.read_bytes(), path.name))

    def example(event: gr.SelectData):
        name, data, _ = examples[event.index]
        return answer(data, name)

    def chosen(last, event: gr.SelectData):
        if last is None:
            return note(f"This image was deleted after {KEPT // 60} minutes: drop it again", "alert"), gr.update()
        labels = [label for _, label, _ in last.best]
        return explain(last, labels.index(event.value))

    def answer(data, name):
        try:
            found = predictor.predict(data, name)
        except ImageError as error:
            log(error)
            return None, note(html.escape(str(error)), "alert"), None, gr.update(visible=False), None, None
        said, heat = explain(found, 0)
        best = {label: probability for _, label, probability in found.best}
        return found, said, best, gr.update(visible=True), found.picture, heat

    def explain(found, rank):
        index, label, probability = found.best[rank]
        share = f"score {probability:.3f} by itself" if predictor.independent else f"{probability:.1%}"
        said = f"<b>{html.escape(label)}</b>, {share}. Classified in {found.seconds:.2f} seconds."
        return note(said), gr.update(value=predictor.heatmap(found, index), label=f"Where it sees: {label}")

    return uploaded, example, chosen


def note(text: str, role: str = "status") -> str:
    """A line of HTML that a screen reader tells of; at once, where the role is `alert`."""
    return f'<p role="{role}">{text}</p>'
