"""Which options exist in which releases of which packages: data under `schemas/`, loaded when asked for."""
