"""How a network is trained, as data: the fields, what they may be, presets, and their text."""
