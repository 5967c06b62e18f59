"""Nowcasts and forecasts: levels from irregular passes, and when they are back at normal."""
