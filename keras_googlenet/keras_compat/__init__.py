"""Every private name of other packages, Keras above all, that this one uses; one file a subject.

Each file says why it is needed and what would break it. Its tests in `tests/keras_compat/` fail with a sentence where
one of these names has moved, and `tests/keras_compat/test_private_names.py` fails where one is used anywhere else.
"""
