"""A short and narrow table with every kind of row and both heads, which builds in a fraction of the time."""

from keras_googlenet.architecture import PAPER, edit, wider

KEPT = ("inception_3a", "inception_4a", "inception_4d", "inception_5b")

SMALL = edit(
    wider(PAPER, 0.125),
    lambda row: row if not row.name.startswith("inception") or row.name in KEPT else None,
    name="small",
)
