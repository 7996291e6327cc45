"""How good a trained network is: section 7's protocol, and where the network is mistaken."""

from keras_googlenet.evaluation.assessor import assess as assess
from keras_googlenet.evaluation.assessor import images_at as images_at
from keras_googlenet.evaluation.class_mapping import columns as columns
from keras_googlenet.evaluation.crops import CROPS as CROPS
from keras_googlenet.evaluation.crops import crops as crops
from keras_googlenet.evaluation.crops import members as members
from keras_googlenet.evaluation.crops import numbers_up_to as numbers_up_to
from keras_googlenet.evaluation.error_rates import TABLE_3 as TABLE_3
from keras_googlenet.evaluation.error_rates import Errors as Errors
from keras_googlenet.evaluation.error_rates import errors as errors
from keras_googlenet.evaluation.error_rates import format_table as format_table
from keras_googlenet.evaluation.error_rates import table3 as table3
from keras_googlenet.evaluation.predictions import Predictions as Predictions
from keras_googlenet.evaluation.predictions import PredictionsError as PredictionsError
from keras_googlenet.evaluation.predictions import is_predictions as is_predictions
from keras_googlenet.evaluation.protocol import digest as digest
from keras_googlenet.evaluation.protocol import fill as fill
from keras_googlenet.evaluation.protocol import predict as predict
from keras_googlenet.evaluation.result import Assessment as Assessment
from keras_googlenet.evaluation.result import Mistake as Mistake
from keras_googlenet.evaluation.result import wilson_interval as wilson_interval
