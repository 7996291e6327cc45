"""The network is a table; edit the table and everything follows: shapes, costs, names, the model that is built.

    python examples/edit_table.py

Prints parameters and multiply-adds of the paper's network and of some that the paper speaks of or that it might have
tried, then builds one of them and shows that Keras counts the same parameters. Nothing is trained.
"""

import dataclasses

import keras_googlenet as kg
from keras_googlenet.architecture import LRN, PAPER, Inception, costs, edit, wider
from keras_googlenet.architecture.costs import depth
from keras_googlenet.architecture.variants import naive


def main():
    """Costs some tables, builds one."""
    tables = {
        "the paper's": PAPER,
        'section 7\'s "wider", by half': wider(PAPER, 1.5),
        "modules of Fig. 2(a), naive": naive(PAPER),
        "no normalization": edit(PAPER, lambda row: None if isinstance(row, LRN) else row, name="no-lrn"),
        "3x3 where it has 5x5": edit(PAPER, small_windows, name="threes"),
        "without 4b, 4c and 5a": edit(
            PAPER, lambda row: None if row.name[-2:] in ("4b", "4c", "5a") else row, name="short"
        ),
    }
    print(f"{'table':<30} {'layers':>6} {'parameters':>12} {'multiply-adds':>14}")
    for name, table in tables.items():
        rows = costs(table)
        parameters, macs = sum(row.parameters for row in rows), sum(row.macs for row in rows)
        print(f"{name:<30} {depth(table):>6} {parameters:>12,} {macs / 1e9:>12.3f} G")

    short = tables["without 4b, 4c and 5a"]
    model = kg.GoogLeNet(weights=None, variant=short, aux_heads=False)
    print(f"\nbuilt {short.name}: {model.count_params():,} parameters, rows {', '.join(list(model.endpoints)[5:])}")


def small_windows(row):
    """A row with 3x3 windows in its third branch."""
    return dataclasses.replace(row, kernel5x5=3) if isinstance(row, Inception) else row


if __name__ == "__main__":
    main()
