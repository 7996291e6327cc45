"""How good a trained network is: section 7's protocol, and where the network is mistaken.

`predict` is the only measurer; all else is derived from the `Predictions` that it makes.
"""

from keras_googlenet.evaluation.crops import crops as crops
from keras_googlenet.evaluation.error_rates import ErrorRates as ErrorRates
from keras_googlenet.evaluation.error_rates import error_rates as error_rates
from keras_googlenet.evaluation.error_rates import table3 as table3
from keras_googlenet.evaluation.predictions import Predictions as Predictions
from keras_googlenet.evaluation.predictions import PredictionsError as PredictionsError
from keras_googlenet.evaluation.protocol import predict as predict
from keras_googlenet.evaluation.result import EvaluationResult as EvaluationResult
