"""Built-in sources of purchases, one module for each; its docstring names where its format is described."""
