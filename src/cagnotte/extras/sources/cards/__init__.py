"""Card schemes and issuers: purchases known by the paying card."""
