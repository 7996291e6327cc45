"""Pictures put together from many small ones: all channels of a layer, the places of an image, an atlas."""
