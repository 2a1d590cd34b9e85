"""Built-in listeners to events, one module for each; its docstring names where its service is described."""
