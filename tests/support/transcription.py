"""Table 1, copied by hand from the paper a second time: the tests compare the package's table with it."""

# row: (#1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj)
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}

# row: (output, weights, multiply-adds) at 224x224 with 1000 classes, worked out by hand
COSTS = {
    "conv1": ((112, 112, 64), 9_408, 118_013_952),
    "pool1": ((56, 56, 64), 0, 0),
    "conv2": ((56, 56, 192), 114_688, 359_661_568),
    "pool2": ((28, 28, 192), 0, 0),
    "inception_3a": ((28, 28, 256), 163_328, 128_049_152),
    "inception_3b": ((28, 28, 480), 388_096, 304_267_264),
    "pool3": ((14, 14, 480), 0, 0),
    "inception_4a": ((14, 14, 512), 375_552, 73_608_192),
    "inception_4b": ((14, 14, 512), 448_512, 87_908_352),
    "inception_4c": ((14, 14, 512), 509_440, 99_850_240),
    "inception_4d": ((14, 14, 528), 604_672, 118_515_712),
    "inception_4e": ((14, 14, 832), 867_328, 169_996_288),
    "pool4": ((7, 7, 832), 0, 0),
    "inception_5a": ((7, 7, 832), 1_042_432, 51_079_168),
    "inception_5b": ((7, 7, 1024), 1_442_816, 70_697_984),
    "avg_pool": ((1, 1, 1024), 0, 0),
    "predictions": ((1, 1, 1000), 1_024_000, 1_024_000),
}

# The same in the units of the published table: weights / 1024, and millions of multiply-adds.
COMPUTED = {
    "conv1": (9.2, 118.0),
    "conv2": (112.0, 359.7),
    "inception_3a": (159.5, 128.0),
    "inception_3b": (379.0, 304.3),
    "inception_4a": (366.8, 73.6),
    "inception_4b": (438.0, 87.9),
    "inception_4c": (497.5, 99.9),
    "inception_4d": (590.5, 118.5),
    "inception_4e": (847.0, 170.0),
    "inception_5a": (1018.0, 51.1),
    "inception_5b": (1409.0, 70.7),
    "predictions": (1000.0, 1.0),
}
