"""The privacy desk inside an app's human-service channel."""
