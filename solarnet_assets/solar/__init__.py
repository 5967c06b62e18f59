"""Solar farms: SolarNet masks on 10 m scenes, outlines, and a register of farms through time."""
