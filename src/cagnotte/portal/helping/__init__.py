"""Help, legal pages, how the programme earns, whether the money is safe; the app on a phone's home screen."""
