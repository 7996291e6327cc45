"""The page: of an image, the best classes with bars and the heat of one; of a channel, what it looks for."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_googlenet.data import ImageError
from keras_googlenet.demo.channels import Channels
from keras_googlenet.demo.guard import log
from keras_googlenet.demo.predictor import Example, Predictor
from keras_googlenet.errors import InputError

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

PICTURE = {"interactive": False, "format": "png", "buttons": ["download", "fullscreen"]}
PICTURES = {"interactive": False, "height": "auto", "object_fit": "cover", "buttons": []}

CSS = Path(__file__).with_name("page.css")


def build_page(
    predictor: Predictor, title: str, examples: Sequence[Example] = (), channels: Channels | None = None
) -> Any:
    """Builds the page; `serve` shows it.

    Args:
        predictor: The network's.
        title: The page's heading, plain text.
        examples: `(name, bytes, thumbnail)` of images to click on: a file's name and content, and a uint8 RGB array.
        channels: Of the network, for the second tab; None leaves it out.

    Returns:
        A `gradio.Blocks`.
    """
    import gradio as gr

    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(60, KEPT), fill_width=True) as page:
        page.state_session_capacity = SESSIONS
        gr.Markdown(f"# {html.escape(title)}")
        with gr.Tab("What is it?"):
            _classify(predictor, examples)
        if channels is not None:
            with gr.Tab("Look inside", elem_id="inside"):
                _look_inside(channels)
    return page.queue(max_size=WAITING)


def _classify(predictor, examples):
    """The first tab."""
    import gradio as gr

    uploaded, example, chosen = _handlers(predictor, examples)
    independent = " Each class has a score by itself: they need not sum to 100%." if predictor.independent else ""
    limit = "" if predictor.max_bytes is None else f", {predictor.max_bytes / 2**20:g} MB at most"
    last = gr.State(None, time_to_live=KEPT)
    gr.Markdown(
        f"Drop an image: the network names the best {predictor.top} of {predictor.classes:,} classes, and shows where "
        f"it sees them.{independent}"
    )
    with gr.Row():
        with gr.Column(min_width=280):
            drop = gr.File(label=f"An image of any format{limit}", height=160, elem_id="drop")
            gallery = gr.Gallery(
                [(thumbnail, Path(name).stem.replace("_", " ")) for name, _, thumbnail in examples],
                label="or one of these",
                columns=4,
                allow_preview=False,
                visible=bool(examples),
                elem_id="examples",
                **PICTURES,
            )
        with gr.Column(min_width=280):
            said = gr.HTML(note("No image yet."), elem_id="said")
            best = gr.Label(
                num_top_classes=predictor.top, label="What it is: click on a class to see where", elem_id="best"
            )
    with gr.Row(visible=False) as pictures:
        seen = gr.Image(label="What the network sees", elem_id="seen", **PICTURE)
        heat = gr.Image(elem_id="heat", **PICTURE)
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


def _look_inside(channels):
    """The second tab."""
    import gradio as gr

    def look(layer, channel):
        try:
            found = channels.look(layer, int(channel) if channel is not None else -1)
        except InputError as error:
            return note(html.escape(str(error)), "alert"), None, gr.update(value=[], visible=False)
        said = note(f"<b>{html.escape(layer)}:{int(channel)}</b>. Found in {found.seconds:.0f} seconds.")
        examples = [(image, f"{value:.4g}") for image, value in found.examples]
        return said, found.picture, gr.update(value=examples, visible=bool(examples))

    layers = list(channels.layers)
    gr.Markdown(
        "Choose a layer and one of its channels: an image that excites it, made from noise, and the examples that "
        "excite it most, each with the channel's largest value. It takes some ten seconds."
    )
    with gr.Row():
        counts = [(f"{name} ({count} channels)", name) for name, count in channels.layers.items()]
        layer = gr.Dropdown(counts, value=layers[len(layers) // 2], label="Layer", elem_id="layer", min_width=200)
        channel = gr.Number(0, label="Channel, from 0", precision=0, minimum=0, elem_id="channel", min_width=120)
        show = gr.Button("Show", variant="primary", elem_id="show", min_width=120)
    said = gr.HTML(note("No channel yet."), elem_id="found")
    with gr.Row():
        picture = gr.Image(label="What it looks for", elem_id="picture", **PICTURE)
        exciting = gr.Gallery(
            label="The examples that excite it most", columns=3, visible=False, elem_id="exciting", **PICTURES
        )
    gr.on(
        [show.click, channel.submit],
        look,
        [layer, channel],
        [said, picture, exciting],
        show_progress_on=[picture],
        concurrency_id="channels",
        concurrency_limit=1,
        api_visibility="private",
    )


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
