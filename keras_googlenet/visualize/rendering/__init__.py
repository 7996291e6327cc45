"""Images that are made: gradient ascent on an objective, the image's parametrization, and what it is robust to."""
