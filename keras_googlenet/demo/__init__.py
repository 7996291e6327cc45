"""A page in a browser on which anyone can try a network: an image goes in, the best classes and their places come out.

`Answers` knows the network and no page; `build_page` and `serve` are the page. It is Gradio's: a well-kept library that
runs without a network, refuses by size while a file still arrives, and clears away what was uploaded. What it is not
asked to do is to read an image: files reach this package's own reader as the bytes that they are.
"""

from keras_googlenet.demo.page import build_page as build_page
from keras_googlenet.demo.predictor import Answer as Answer
from keras_googlenet.demo.predictor import Answers as Answers
from keras_googlenet.demo.serving import check_address as check_address
from keras_googlenet.demo.serving import check_installed as check_installed
from keras_googlenet.demo.serving import serve as serve
