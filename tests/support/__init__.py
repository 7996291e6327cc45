"""Independent oracles: networks and layers written a second time, without the package."""
