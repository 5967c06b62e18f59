"""How good the figures are: the only package that may know what the simulated country hides."""
