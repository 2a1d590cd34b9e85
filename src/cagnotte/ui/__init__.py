"""What every page looks like: tokens, layout, components, icons, the brand. Knows no business noun.

May import: platform and domain. Styles are in `static/ui/css` (tokens, base, layout, components), components in
`templates/cotton` (written `<c-button>` in a page), and `/styleguide/` shows them all. Look next at
`templates/ui/base.html`, which pages extend.
"""
