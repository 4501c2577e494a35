"""A shop: small, but with branches that no single test job covers."""
