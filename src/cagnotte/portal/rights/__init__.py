"""Rights over one's data: export, correction, erasure, closing the account."""
