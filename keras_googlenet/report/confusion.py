"""Which classes are mistaken for which, as HTML."""

from keras_googlenet.report.page import table, text

MATRIX_CLASSES = 30
"""With more classes a matrix cannot be read any more, and pairs are listed instead."""


def confusion(evaluation):
    """The confusion matrix, or the pairs most often confused and the worst classes where there are many.

    Args:
        evaluation: What `evaluation.json` holds.

    Returns:
        HTML: `(body, note)`.
    """
    matrix, names = evaluation["confusion"], evaluation["class_names"]
    if matrix is not None and len(names) <= MATRIX_CLASSES:
        note = "A row for each true class, a column for each answer; the last column is the part recognized."
        return _matrix(matrix, names, evaluation["class_accuracy"]), note
    counts, accuracy = evaluation["class_counts"], evaluation["class_accuracy"]
    pairs = [
        (f"{names[true]} \N{RIGHTWARDS ARROW} {names[other]}", images, f"{images / counts[true]:.1%}")
        for true, other, images in evaluation["most_confused"]
    ]
    seen = [label for label, part in enumerate(accuracy) if part is not None]
    worst = sorted(seen, key=lambda label: accuracy[label])[:20]
    body = table(("true \N{RIGHTWARDS ARROW} answer", "images", "of the class"), pairs) if pairs else ""
    body += table(("class", "images", "recognized"), [(names[i], counts[i], f"{accuracy[i]:.1%}") for i in worst])
    return f'<div class="panels">{body}</div>', "The pairs confused most often, and the classes recognized least."


def _matrix(matrix, names, accuracy):
    tall = ' class="tall"' if any(len(name) > 3 for name in names) else ""
    head = "".join(f'<th title="{text(name)}"><div{tall}>{text(name)}</div></th>' for name in names)
    rows = "".join(
        f'<tr><th title="{text(name)}">{text(name)}</th>{_cells(row, label, names)}'
        f'<td class="soft">{"" if part is None else f"{part:.0%}"}</td></tr>'
        for label, (name, row, part) in enumerate(zip(names, matrix, accuracy, strict=True))
    )
    return (
        f'<div class="scroll"><table class="matrix"><thead><tr><th></th>{head}<th></th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(row, label, names):
    total = sum(row) or 1
    cells = []
    for column, images in enumerate(row):
        # A few mistakes among many images are what one looks for: the root makes them visible.
        share = images / total if column == label else (images / total) ** 0.5
        kind = "zero" if images == 0 else "hit" if column == label else "miss"
        strong = " strong" if share > 0.55 else ""
        title = text(f"{images} of {names[label]} taken for {names[column]}")
        cells.append(f'<td class="{kind}{strong}" style="--a:{share:.2f}" title="{title}">{images}</td>')
    return "".join(cells)
