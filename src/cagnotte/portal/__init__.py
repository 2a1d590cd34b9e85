"""The portal: what shoppers see. For now the links that lead to shops, and the page that says why one does not.

May import: journeys and below. Look next at `urls` for every address, `going` for the links.
"""
