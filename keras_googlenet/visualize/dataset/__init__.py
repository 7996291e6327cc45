"""What layers make of many images: features, the examples that excite a channel, samples for an atlas."""
