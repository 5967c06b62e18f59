"""Car parks: vehicles in sub-metre images, counts per lot, percent of the lot's own normal."""
