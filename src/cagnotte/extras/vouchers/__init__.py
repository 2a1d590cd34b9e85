"""Software of shops that takes vouchers, one module for each; its docstring names where its interface is described."""
