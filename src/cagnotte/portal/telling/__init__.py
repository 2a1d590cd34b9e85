"""What members are told, and how they want to be told: notices, channels, unsubscribing."""
