"""Sound: prompts, levels, recordings and, later, recognition."""
