"""Planning a launch: which changes make it fit or use what is free, what each costs, and how long it takes. Arithmetic, no torch."""
