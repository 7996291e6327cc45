"""The page: a place to drop an image, the best classes with bars, the heat of the one that is chosen, examples."""

import html
from pathlib import Path

from keras_googlenet.data import ImageError
from keras_googlenet.demo.answers import SIDE

WAITING = 16
"""So many may wait for an answer; who comes later is told that it is busy."""

KEPT = 600
"""Seconds. Uploads and pictures that are older are deleted, a minute later at most; all are, when the page ends."""

FONT, FONT_MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")
"""The system's: nothing is fetched."""

CSS = """
.gradio-container { max-width: 60rem !important; margin: auto !important; }
#said p { margin: 0; padding: .6rem .9rem; border-radius: .5rem; background: var(--block-background-fill);
  border: 1px solid var(--border-color-primary); overflow-wrap: anywhere; }
#said p[role=alert] { border-color: #c4314b; border-left-width: .4rem; }
#examples .grid-wrap { max-height: none; }
footer { display: none !important; }
"""


def build_page(answers, title, examples=()):
    """Builds the page; `serve` shows it.

    Args:
        answers: The network's `Answers`.
        title: The page's heading, plain text.
        examples: `(name, bytes, thumbnail)` of images to click on: a file's name and content, and a uint8 RGB array.

    Returns:
        A `gradio.Blocks`.
    """
    import gradio as gr

    def answer(data, name):
        """What is shown of an image: everything anew, or a message and nothing."""
        try:
            found = answers.of(data, name)
        except ImageError as error:
            return None, alert(error), None, None, None
        shown, text = explain(found, 0)
        return found, text, {label: probability for _, label, probability in found.best}, found.picture, shown

    def explain(found, rank):
        index, label, _ = found.best[rank]
        text = (
            f"Classified in {found.seconds:.2f} seconds. The colours show what speaks for <b>{html.escape(label)}</b>."
        )
        return answers.where(found, index), note(text)

    def uploaded(path):
        path = Path(path)
        return (None, *answer(path.read_bytes(), path.name))

    def example(event: gr.SelectData):
        name, data, _ = examples[event.index]
        return answer(data, name)

    def chosen(found, event: gr.SelectData):
        labels = [label for _, label, _ in found.best]
        return explain(found, labels.index(event.value))

    limit = "" if answers.max_bytes is None else f", {answers.max_bytes / 2**20:g} MB at most"
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(60, KEPT)) as page:
        last = gr.State(None)
        gr.Markdown(f"# {html.escape(title)}")
        with gr.Row():
            with gr.Column():
                drop = gr.File(label=f"An image, of any format{limit}", height=150, elem_id="drop")
                if examples:
                    gallery = gr.Gallery(
                        [(thumbnail, Path(name).stem) for name, _, thumbnail in examples],
                        label="or one of these",
                        columns=4,
                        height="auto",
                        object_fit="cover",
                        allow_preview=False,
                        interactive=False,
                        buttons=[],
                        elem_id="examples",
                    )
            with gr.Column():
                said = gr.HTML(note("Nothing leaves this machine."), elem_id="said")
                best = gr.Label(
                    num_top_classes=answers.top, label=f"The best {answers.top}: choose one", elem_id="best"
                )
        with gr.Row():
            fixed = {"interactive": False, "format": "png", "height": SIDE, "buttons": ["download", "fullscreen"]}
            seen = gr.Image(label="What the network sees", elem_id="seen", **fixed)
            heat = gr.Image(label="Where it sees it", elem_id="heat", **fixed)
        shown = [last, said, best, seen, heat]
        alone = {"concurrency_id": "network", "concurrency_limit": 1, "api_visibility": "private"}
        drop.upload(uploaded, drop, [drop, *shown], **alone)
        best.select(chosen, last, [heat, said], **alone)
        if examples:
            gallery.select(example, None, shown, **alone)
    return page.queue(max_size=WAITING)


def note(text):
    """A line of HTML that a reader is told of."""
    return f'<p role="status">{text}</p>'


def alert(error):
    """An error's message, as HTML that a reader is told of at once."""
    return f'<p role="alert">{html.escape(str(error))}</p>'
