"""What a model is compiled with: the optimizer, its schedule, averages and loss scaling; the loss of every head."""
