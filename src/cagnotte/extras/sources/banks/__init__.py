"""Movements of bank accounts: purchases known by what a statement says."""
