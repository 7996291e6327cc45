"""Every private name of Keras and TensorFlow that this package uses, one file a subject, each with a canary test."""
