"""Several devices and several machines: which strategy, which workers, and what they must agree on."""
