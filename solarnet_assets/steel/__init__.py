"""Heat of steel mills in the short-wave infrared: hot pixels, excess radiance, activity against the own baseline."""
