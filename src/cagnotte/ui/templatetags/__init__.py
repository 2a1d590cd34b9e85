"""Tags that pages load by `{% load ui %}`."""
