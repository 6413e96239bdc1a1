"""One file a part, with the register names of its data sheet."""
