"""A page in a browser on which anyone can try a network: an image goes in, the best classes and their places come out.

`predictor` knows the network and no page; `page` and `serving` are the page. It is Gradio's: a well-kept library that
runs without a network, refuses by size while a file still arrives, and clears away what was uploaded. It does not read
images: files reach this package's own reader as the bytes that they are.
"""

from keras_googlenet.demo.serving import serve as serve
