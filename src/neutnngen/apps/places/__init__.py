"""Place cells: a reference frame that learns worlds and finds its way; and the movement of real rats."""
