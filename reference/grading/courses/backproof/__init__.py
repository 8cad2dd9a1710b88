"""Our own names: every function of manual/, drawn as reference/cards draws it."""
