"""HDF5 as far as Keras's files need it, read without the C library, which damaged files let crash, hang or take memory.

Nothing is decoded before its size is known, every structure is visited once, and no other file is ever opened.
"""
