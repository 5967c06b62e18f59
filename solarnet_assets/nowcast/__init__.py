"""Nowcasts and forecasts: levels from irregular passes, and the straight line to the day of return."""
