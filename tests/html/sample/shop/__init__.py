"""A shop, to be looked at in the report."""
