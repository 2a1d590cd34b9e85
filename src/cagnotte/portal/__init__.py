"""The portal: what shoppers and the pages of shops see.

May import: journeys and below. Look next at `urls` for every address: `going` for links to shops, `explaining` for the
page and banner of a programme, `widgets` for the script that shops embed.
"""
